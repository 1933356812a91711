/// Which fields say who a client is: the one table for heads and trailers of both versions, and for the keys of feeds.
package enum ClientFields {
    /// What a field says.
    package enum Kind: Equatable, Sendable {
        /// Who the client is: its address, certificate or user. Only who stands before a backend may say so.
        case identity
        /// Where it came in: scheme, host, port and path before they were changed. Said by the same.
        case entrance
        /// What it proves itself with. It says so itself, and to the backend only.
        case credential
    }

    private static let table: [String: Kind] = {
        var table: [String: Kind] = [:]
        for name in identity { table[name] = .identity }
        for name in entrance { table[name] = .entrance }
        for name in credentials { table[name] = .credential }
        return table
    }()

    private static let identity = [
        "cf-connecting-ip", "cf-connecting-ipv6", "client-cert", "client-cert-chain", "client-ip",
        "fastly-client-ip", "forwarded", "forwarded-for", "remote-addr", "remote-user", "true-client-ip",
        "x-client-cert", "x-client-dn", "x-client-ip", "x-client-verify", "x-cluster-client-ip",
        "x-envoy-external-address", "x-forwarded", "x-original-forwarded-for", "x-originating-ip",
        "x-remote-addr", "x-remote-ip", "x-remote-user",
    ]
    private static let entrance = [
        "front-end-https", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto",
        "x-forwarded-protocol", "x-forwarded-scheme", "x-forwarded-server", "x-forwarded-ssl", "x-scheme",
        "x-url-scheme",
    ]
    private static let credentials = [
        "authorization", "proxy-authorization", "cookie", "api-key", "apikey", "x-access-token", "x-api-key",
        "x-auth-token", "x-csrf-token", "x-xsrf-token", "x-session-id", "x-session-token",
    ]
    /// Whole families, each of identity.
    private static let families = [
        "x-forwarded-", "x-real-", "ssl-client-", "x-ssl-", "x-auth-request-", "x-amzn-mtls-", "x-arr-",
        "x-client-cert-",
    ]
    /// Of a certificate, which a client never says of itself (RFC 9440, 2.4).
    static let certificates: Set<String> = ["client-cert", "client-cert-chain", "x-forwarded-client-cert"]

    /// What a field of this name says; nil for all others.
    ///
    /// CGI and what follows it (WSGI, Rack, PHP) can't tell an underscore from a hyphen, and some no other sign either:
    /// all spellings that come to the same are the same.
    ///
    /// - Parameter name: in lower case.
    package static func kind(of name: String) -> Kind? {
        let name = canonical(name)
        if let kind = table[name] { return kind }
        return families.contains { name.hasPrefix($0) } ? .identity : nil
    }

    /// Whether it is for whoever stands before a backend to say, and not for a client.
    static func isClaim(_ name: String) -> Bool {
        switch kind(of: name) {
        case .identity, .entrance: true
        case .credential, nil: false
        }
    }

    /// The spelling with hyphens of a name in lower case.
    static func canonical(_ name: String) -> String {
        guard name.utf8.contains(where: isOdd) else { return name }
        return String(decoding: name.utf8.map { isOdd($0) ? 45 : $0 }, as: UTF8.self)
    }

    private static func isOdd(_ byte: UInt8) -> Bool {
        switch byte {
        case 45, 48...57, 65...90, 97...122: false
        default: true
        }
    }
}

/// What becomes of request fields whose names have underscores: where backends read them as hyphens, they are a second
/// way to say what only one may say.
package enum UnderscoreFields: String, Equatable, Sendable { case drop, pass }
