internal import ASCII
internal import HTTPProtocol

/// Where an authority or a responder is asked, taken apart (RFC 3986): http and https only.
struct AuthorityURL: Equatable, Sendable {
    let isSecure: Bool
    let host: String
    let port: UInt16
    let target: RequestTarget

    /// nil for what is none.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty, parts[0] == "https:" || parts[0] == "http:" else {
            return nil
        }
        isSecure = parts[0] == "https:"
        let rest = parts.count > 3 ? String(parts[3].prefix { $0 != "#" }) : ""
        guard let target = try? RequestTarget(text: "/" + rest),
            let (host, port) = Self.authority(parts[2], isSecure ? 443 : 80)
        else { return nil }
        self.target = target
        self.host = host
        self.port = port
    }

    private static func authority(_ text: Substring, _ usual: UInt16) -> (String, UInt16)? {
        let isBracketed = text.hasPrefix("[")
        let host = isBracketed ? text.dropFirst().prefix { $0 != "]" } : text.prefix { $0 != ":" }
        let rest = text.dropFirst(host.utf8.count + (isBracketed ? 2 : 0))
        guard !host.isEmpty, !host.utf8.contains(.at), rest.isEmpty || rest.hasPrefix(":") else { return nil }
        guard !rest.isEmpty else { return (String(host), usual) }
        return UInt16(rest.dropFirst()).map { (String(host), $0) }
    }

    /// For `Host`.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}
