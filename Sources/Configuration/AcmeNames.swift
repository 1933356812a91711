internal import YAML

extension ListenerTLS {
    /// For which names certificates are got.
    package enum Issued: Equatable, Sendable {
        case names([Located<String>])
        /// Every exact host of the routes; resolved when all has been read.
        case routes(Place)

        fileprivate var place: Place? {
            switch self {
            case .names(let names): names.first?.place
            case .routes(let place): place
            }
        }
    }

    /// The names of `acme`.
    package var issuedNames: [Located<String>] {
        if case .names(let names) = issued { names } else { [] }
    }
}

extension ProxyConfiguration {
    /// For which certificates are got, by all listeners; each once.
    package var issuedNames: [String] {
        var names: [String] = []
        var known: Set<String> = []
        for name in listeners.flatMap({ $0.tls?.issuedNames ?? [] }) where known.insert(name.value).inserted {
            names.append(name.value)
        }
        return names
    }
}

/// `tls.acme` of a listener.
enum AcmeNames {
    static let key = Key<ListenerTLS>(
        entry: Entry(
            name: "acme",
            about:
                "Names for which the proxy gets certificates by itself, with or without others beside them; `routes` is every exact host of the routes.",
            kind: .scalar(
                Form(
                    words: "`routes`, or a list of names",
                    schema: [
                        "anyOf": [
                            ["const": "routes"],
                            [
                                "type": "array", "minItems": 1,
                                "items": [
                                    "type": "string",
                                    "pattern": "\\$\\{|^(\\*\\.)?[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$",
                                ],
                            ],
                        ]
                    ])),
            example: "[chat.example.com]", unset: "none is got"),
        read: { tls, section in
            tls.issued = names(section)
            return true
        },
        show: { tls in
            switch tls.issued {
            case .names(let names): .list(names.map { .scalar(.init(text: $0.value, isText: true)) })
            case .routes: .scalar(.init(text: "routes"))
            case nil: nil
            }
        })

    private static func names(_ section: Section) -> ListenerTLS.Issued? {
        guard let node = section.node("acme") else { return nil }
        if let word = node.scalar?.string, word == "routes" { return .routes(node.place) }
        guard node.sequence != nil else {
            section.complain(node.place, "'acme' of \(section.title) must be a list of names, or routes")
            return nil
        }
        if section.lacks("acme") { section.complain(node.place, "'acme' of \(section.title) is empty") }
        var names: [Located<String>] = []
        var known: Set<String> = []
        for item in section.list("acme") {
            guard let text = section.text(item, "acme") else { continue }
            let name = Located(value: text.value.lowercased(), place: text.place)
            if !isName(name.value) {
                section.complain(
                    name.place,
                    "'\(text.value)' is no name for a certificate, expected one such as chat.example.com or \"*.example.com\""
                )
            } else if known.insert(name.value).inserted {
                names.append(name)
            }
        }
        return .names(names)
    }

    /// A host name of letters that certificates have; `*` may stand for its first label.
    static func isName(_ text: String) -> Bool {
        let host = text.hasPrefix("*.") ? String(text.dropFirst(2)) : text
        guard AddressSyntax.isHostName(host), !".\(host).".contains(".."), host.utf8.count <= 253 else {
            return false
        }
        // The last label of an address is a number, that of a name is not.
        return host.split(separator: ".").last.map { !$0.allSatisfy(\.isNumber) } ?? false
    }

    /// What is known when all has been read: names of the routes, and whether the names can be proved.
    static func resolve(_ configuration: inout ProxyConfiguration, _ section: Section) {
        for index in configuration.listeners.indices {
            let listener = configuration.listeners[index]
            guard let issued = listener.tls?.issued else { continue }
            guard let acme = configuration.acme else {
                section.complain(
                    issued.place ?? listener.address.place,
                    "'tls.acme' needs 'acme' at the top level, which says who issues certificates, e.g. acme: { email: ops@example.com }"
                )
                continue
            }
            if case .routes(let place) = issued {
                let names = hosts(of: configuration.routes, for: listener)
                if names.isEmpty {
                    section.complain(
                        place, "'acme: routes' finds no route with an exact host to get a certificate for")
                }
                configuration.listeners[index].tls?.issued = .names(
                    names.map { Located(value: $0, place: place) })
            }
            for name in configuration.listeners[index].tls?.issuedNames ?? []
            where name.value.hasPrefix("*") && acme.hook == nil {
                section.complain(
                    name.place,
                    "'\(name.value)' can only be proved by dns-01, which 'acme.challenges' doesn't have")
            }
        }
    }

    private static func hosts(of routes: [RouteConfiguration], for listener: ListenerConfiguration)
        -> [String]
    {
        var names: [String] = []
        var known: Set<String> = []
        for match in routes.map(\.match) where match.listener == nil || match.listener == listener.name {
            guard let host = match.host?.lowercased(), isName(host), !host.hasPrefix("*") else { continue }
            if known.insert(host).inserted { names.append(host) }
        }
        return names
    }
}
