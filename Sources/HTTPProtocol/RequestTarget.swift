/// A request target taken apart for routing. What is forwarded stays as the client sent it.
package struct RequestTarget: Equatable, Sendable {
    /// The path with dot segments removed (RFC 3986, 5.2.4), `%2e` counting as a dot.
    package let path: String
    /// What follows the first `?`; nil without one.
    package let query: String?

    /// nil when the path climbs above its root: no route can be meant by that.
    package init?(_ target: String) {
        let raw = target.prefix { $0 != "?" }
        guard raw.hasPrefix("/") else { return nil }
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
        query = raw.endIndex < target.endIndex ? String(target[target.index(after: raw.endIndex)...]) : nil
        path = "/" + segments.joined(separator: "/")
    }

    /// The host of a `Host` field for routing: lower case, without port and trailing dot.
    package static func hostName(_ host: String) -> String {
        let lower = lowercased(host)
        if lower.hasPrefix("[") { return String(lower.prefix { $0 != "]" }) + "]" }
        let name = lower.prefix { $0 != ":" }
        return String(name.hasSuffix(".") ? name.dropLast() : name)
    }
}

extension String {
    /// Plain replacement, since this module does without Foundation.
    fileprivate func replacing(_ pattern: String, _ with: String) -> String {
        split(separator: pattern, omittingEmptySubsequences: false).joined(separator: with)
    }
}
