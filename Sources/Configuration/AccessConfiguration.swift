package import Access
internal import HTTPProtocol
internal import YAML

/// `access` of a route: who may come in.
package struct AccessConfiguration: Equatable, Sendable {
    /// `basic`.
    package struct Basic: Equatable, Sendable {
        /// A file of names and passwords' hashes.
        package var users = Located(value: "", place: Place(line: 1, column: 1))
    }

    /// `allow`, and `deny`.
    private var allowed = TrustedProxies()
    private var denied = TrustedProxies()
    /// `deny` is written before `allow`.
    private var deniesFirst = false
    /// nil = no passwords are asked for.
    package fileprivate(set) var basic: Basic?
    /// `jwt`. nil = no tokens are asked for.
    package fileprivate(set) var tokens: TokenConfiguration?
    /// `forward`. nil = nobody else is asked.
    package var forward: ForwardConfiguration?

    /// Everybody may.
    package init() {}

    /// The addresses, in the order in which they are written.
    package var addresses: AddressRules {
        let rules: [(AddressRules.Verdict, TrustedProxies)] = [(.allow, allowed), (.deny, denied)]
        return AddressRules((deniesFirst ? rules.reversed() : rules).filter { !$0.1.isEmpty })
    }

    /// The upstreams that are asked.
    var upstreams: [String] {
        var names = [forward?.upstream].compactMap(\.self)
        if case .upstream(let source)? = tokens?.keys { names.append(source.name) }
        return names
    }

    static let table = Table(
        "Who may come in. Every rule must be met.", start: Self(), rules: rules
    ) {
        Key.list(
            "allow", \.allowed.list, .addresses(of: "allow"),
            "Addresses and ranges that may come in, written as in `trusted_proxies`; all others get 403. If both `allow` and `deny` match, the one written first decides.",
            example: "10.0.0.0/8", empty: { "'allow' of \($0) is empty: nobody could come in" }
        )
        Key.list(
            "deny", \.denied.list, .addresses(of: "deny"), "Addresses and ranges that get 403.",
            example: "192.0.2.0/24"
        )
        Key.optionalSection("basic", \.basic, passwords, unset: "no passwords are asked for")
        Key.optionalSection(
            "jwt", \.tokens, TokenConfiguration.table, title: "'jwt'", unset: "no tokens are asked for")
        Key.optionalSection(
            "forward", \.forward, ForwardConfiguration.table, title: "'forward'",
            unset: "nobody else is asked")
    }

    private static let passwords = Table(
        "Names and passwords (RFC 7617); 401 without the right ones.", start: Basic()
    ) {
        Key.value(
            "users", \.users, .file,
            "A file with lines `name:hash` as htpasswd writes them, with bcrypt or SHA-crypt; read again when it changes.",
            isRequired: true, example: "users.htpasswd")
    }

    private static let rules: [Rule<Self>] = [
        Rule { access, section in
            guard let deny = section.keyPlace("deny"), let allow = section.keyPlace("allow") else { return }
            access.deniesFirst = (deny.line, deny.column) < (allow.line, allow.column)
        }
    ]
}

extension RouteConfiguration {
    /// What is to be said of its rules beside the rest.
    static func checkAccess(_ route: Self, _ section: Section, _ whole: ProxyConfiguration) {
        guard let access = route.access, let node = section.node("access")?.mapping else { return }
        if case .upstream(let source)? = access.tokens?.keys, whole.upstreams[source.name] == nil {
            checkUpstream(
                source.name, section, whole, at: node["jwt"]?.mapping?["keys"]?.mapping?["upstream"])
        }
        if let forward = access.forward, whole.upstreams[forward.upstream] == nil {
            checkUpstream(forward.upstream, section, whole, at: node["forward"]?.mapping?["upstream"])
        }
        if access.basic != nil, access.tokens != nil, route.tokenSources?.isAuthorization != false {
            section.complain(
                section.place,
                "'basic' and 'jwt' of \(section.title) both go by the field Authorization: give one, or"
                    + " 'upgrade_token' with another field as 'to'")
        }
        if access.tokens?.renewalPrefix != nil, route.compression.mode == .passthrough {
            section.warn(
                section.place,
                "'renew' of \(section.title) finds no messages that clients compress: compression is 'passthrough'"
            )
        }
    }
}
