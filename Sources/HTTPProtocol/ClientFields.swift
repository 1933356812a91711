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

    /// With hyphens, in lower case.
    static let names: [(String, FieldTraits)] =
        identity.map { ($0, .identity) } + entrance.map { ($0, .entrance) }
        + credentials.map { ($0, .credential) } + certificates.map { ($0, .certificate) }
        + [("trunkline-resume", .hereOnly)]

    private static let identity = [
        "cf-connecting-ip", "cf-connecting-ipv6", "client-cert", "client-cert-chain", "client-ip",
        "fastly-client-ip", "forwarded", "forwarded-for", "remote-addr", "remote-user", "true-client-ip",
        // Which session it is, to backends that keep something under that.
        "trunkline-session",
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
    /// Of a certificate, which a client never says of itself (RFC 9440, 2.4).
    private static let certificates = ["client-cert", "client-cert-chain", "x-forwarded-client-cert"]

    /// What a field of this name says; nil for all others. All spellings that come to the same are the same.
    package static func kind(of name: String) -> Kind? { kind(FieldTraits(of: name.utf8.span)) }

    static func kind(_ traits: FieldTraits) -> Kind? {
        if traits.contains(.identity) { return .identity }
        if traits.contains(.entrance) { return .entrance }
        return traits.contains(.credential) ? .credential : nil
    }

    /// The spelling with hyphens of a name in lower case.
    static func canonical(_ name: String) -> String {
        guard name.utf8.contains(where: { canonicalByte($0) != $0 }) else { return name }
        return String(decoding: name.utf8.map(canonicalByte), as: UTF8.self)
    }
}

/// What becomes of request fields whose names have underscores: where backends read them as hyphens, they are a second
/// way to say what only one may say.
package enum UnderscoreFields: String, Equatable, Sendable { case drop, pass }
