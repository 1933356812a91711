/// A request target taken apart for routing. What is forwarded stays as the client sent it.
package struct RequestTarget: Equatable, Sendable {
    /// The path with dot segments removed (RFC 3986, 5.2.4), `%2e` counting as a dot.
    package let path: String
    /// What follows the first `?`; nil without one.
    package let query: String?

    /// nil when the path climbs above its root: no route can be meant by that.
    package init?(_ target: String) {
        let raw = Substring(target.utf8.prefix { $0 != 63 })
        guard raw.utf8.first == 47 else { return nil }
        let rest = target.utf8[raw.endIndex...]
        query = rest.isEmpty ? nil : String(Substring(rest.dropFirst()))
        // Nearly all there are: without a dot nothing is to be removed.
        guard raw.utf8.contains(where: { $0 == 46 || $0 == 37 }) else {
            path = String(raw)
            return
        }
        var segments: [Substring] = []
        let parts = raw.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            switch lowercased(part).replacing("%2e", ".") {
            case ".":
                if isLast { segments.append("") }
            case "..":
                guard segments.popLast() != nil else { return nil }
                if isLast { segments.append("") }
            default: segments.append(part)
            }
        }
        path = "/" + segments.joined(separator: "/")
    }

    /// The host of a `Host` field for routing: lower case, without port and trailing dot.
    package static func hostName(_ host: String) -> String {
        let lower = lowercased(host)
        if lower.utf8.first == 91 { return String(Substring(lower.utf8.prefix { $0 != 93 })) + "]" }
        let name = lower.utf8.prefix { $0 != 58 }
        return String(Substring(name.last == 46 ? name.dropLast() : name))
    }
}

extension String {
    /// Plain replacement, since this module does without Foundation.
    fileprivate func replacing(_ pattern: String, _ with: String) -> String {
        split(separator: pattern, omittingEmptySubsequences: false).joined(separator: with)
    }
}
