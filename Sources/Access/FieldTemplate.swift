/// A field's value with variables in it, e.g. `${client_ip}`.
package struct FieldTemplate: Equatable, Sendable {
    /// What can be put in.
    package enum Variable: Hashable, Sendable {
        case clientIP, requestID, tlsVersion, sni, host, method, path, scheme, route, listener, user
        /// A claim of the token.
        case claim(String)

        /// By its name in the configuration.
        package init?(_ name: String) {
            if name.hasPrefix("claim.") {
                let claim = name.dropFirst("claim.".count)
                guard !claim.isEmpty else { return nil }
                self = .claim(String(claim))
                return
            }
            guard let known = Self.names[name] else { return nil }
            self = known
        }

        /// All that have a fixed name.
        package static let names: [String: Variable] = [
            "client_ip": .clientIP, "request_id": .requestID, "tls_version": .tlsVersion, "sni": .sni,
            "host": .host, "method": .method, "path": .path, "scheme": .scheme, "route": .route,
            "listener": .listener, "user": .user,
        ]

        /// It is of one client, and not of all that ask for the same.
        var isPersonal: Bool {
            switch self {
            case .host, .method, .path, .scheme, .route, .listener: false
            case .clientIP, .requestID, .tlsVersion, .sni, .user, .claim: true
            }
        }
    }

    /// A piece of one.
    package enum Part: Equatable, Sendable {
        case text(String)
        case variable(Variable)
    }

    /// In their order.
    package let parts: [Part]

    /// A template from its parts.
    package init(_ parts: [Part]) { self.parts = parts }

    /// A value without variables.
    package init(_ text: String) { parts = [.text(text)] }

    var isPersonal: Bool {
        parts.contains { if case .variable(let variable) = $0 { variable.isPersonal } else { false } }
    }

    /// The value; what isn't known is left out.
    func value(_ facts: (Variable) -> String?) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .variable(let variable): facts(variable) ?? ""
            }
        }.joined()
    }
}
