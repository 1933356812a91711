/// What hosts, paths and origins of a route must look like to match anything: a request's are compared as they come.
enum RouteSyntax {
    /// A name, `*.` and a name, or an IPv6 address in brackets; ports are no part of it.
    static func checkHost(_ host: Located<String>, _ complaints: Complaints) {
        let text = host.value
        let isName =
            AddressSyntax.isHostName(text.dropFirst(text.hasPrefix("*.") ? 2 : 0)) && !text.hasPrefix(".")
        if !isName, !(text.hasSuffix("]") && AddressSyntax.isAuthority(text[...])) {
            complaints.add(
                host.place,
                "'\(text)' is no host, expected a name or '*.' and a name, without a port"
                    + (Habits.host(text) ?? ""))
        }
    }

    /// Printable ASCII from `/` on, without a query; what else a path has is percent-encoded on the wire.
    static func checkPath(_ path: Located<String>, _ what: String, _ complaints: Complaints) {
        if !path.value.hasPrefix("/") {
            complaints.add(
                path.place, "\(what) '\(path.value)' must begin with '/'" + (Habits.path(path.value) ?? ""))
        } else if !path.value.utf8.allSatisfy({ (33...126).contains($0) && $0 != 35 && $0 != 63 }) {
            complaints.add(
                path.place,
                "\(what) '\(path.value)' matches nothing: expected a path as on the wire, percent-encoded and without '?' or '#'"
            )
        } else if path.value.contains("*") {
            // It is one of a path's characters (RFC 3986, 3.3), and nobody who writes it means that.
            complaints.add(
                path.place,
                "\(what) '\(path.value)' matches nothing but itself" + (Habits.path(path.value) ?? ""))
        }
    }

    /// A scheme and an authority (RFC 6454, 6.2), or `null`.
    static func checkOrigin(_ origin: Located<String>, _ complaints: Complaints) {
        let parts = origin.value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let isWhole =
            parts.count == 2 && !parts[0].isEmpty && parts[1].hasPrefix("//")
            && AddressSyntax.isAuthority(parts[1].dropFirst(2))
        if !isWhole, origin.value != "null" {
            complaints.add(
                origin.place,
                "'\(origin.value)' is no origin, expected one such as https://example.com; without 'origins' any page may connect"
                    + (Habits.origin(origin.value) ?? ""))
        }
    }
}
