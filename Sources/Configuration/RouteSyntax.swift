internal import ASCII

/// What hosts, paths and origins of a route must look like to match anything: a request's are compared as they come.
enum RouteSyntax {
    /// What a JSON Schema can say of hosts and paths.
    static let hostPattern = "^((\\*\\.)?[A-Za-z0-9_-][A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+\\])$"
    static let pathPattern = "^/[!-\"$-)+->@-~]*$"

    /// A name, `*.` and a name, or an IPv6 address in brackets; ports are no part of it.
    static func complaint(host text: String) -> String? {
        let isName =
            AddressSyntax.isHostName(text.dropFirst(text.hasPrefix("*.") ? 2 : 0)) && !text.hasPrefix(".")
        if isName || text.hasSuffix("]") && AddressSyntax.isAuthority(text[...]) { return nil }
        return "'\(text)' is no host, expected a name or '*.' and a name, without a port"
            + (Habits.host(text) ?? "")
    }

    /// Printable ASCII from `/` on, without a query; what else a path has is percent-encoded on the wire.
    static func complaint(path text: String, _ what: String) -> String? {
        if !text.hasPrefix("/") {
            return "\(what) '\(text)' must begin with '/'" + (Habits.path(text) ?? "")
        }
        if !text.utf8.allSatisfy({ ($0 > .space && $0 < .delete) && $0 != .hash && $0 != .question }) {
            return
                "\(what) '\(text)' matches nothing: expected a path as on the wire, percent-encoded and without '?' or '#'"
        }
        if text.contains("*") {
            // It is one of a path's characters (RFC 3986, 3.3), and nobody who writes it means that.
            return "\(what) '\(text)' matches nothing but itself" + (Habits.path(text) ?? "")
        }
        return nil
    }

    /// A scheme and an authority (RFC 6454, 6.2), or `null`.
    static func complaint(origin text: String) -> String? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let isWhole =
            parts.count == 2 && !parts[0].isEmpty && parts[1].hasPrefix("//")
            && AddressSyntax.isAuthority(parts[1].dropFirst(2))
        if isWhole || text == "null" { return nil }
        return
            "'\(text)' is no origin, expected one such as https://example.com; without 'origins' any page may connect"
            + (Habits.origin(text) ?? "")
    }
}
