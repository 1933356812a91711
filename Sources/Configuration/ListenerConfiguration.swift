/// One `listeners` entry.
package struct ListenerConfiguration: Equatable, Sendable {
    /// `name`: for routes that are tied to it; of one listener only.
    package var name: String?
    /// Where it listens: an IP address or a Unix socket.
    package var address: Located<Address>
    /// nil on plain listeners.
    package var tls: ListenerTLS?
    /// What is spoken, the preferred one first: `h2`, `http/1.1`.
    package fileprivate(set) var protocols = ["h2", "http/1.1"]
    /// `redirect_to_https`: the port of the https address that every request is answered with, 308. nil = none is.
    package var redirectPort: UInt16?
    /// Each connection begins with a PROXY protocol header.
    package fileprivate(set) var readsProxyHeader = false
    /// Of a Unix socket.
    package var access = SocketAccess()

    /// A listener from its parts.
    package init(address: Located<Address>, tls: ListenerTLS?) {
        self.address = address
        self.tls = tls
    }

    static let table = Table(
        "Where clients connect, one or more.",
        start: Self(address: Located(value: .unix("/"), place: Place(line: 1, column: 1)), tls: nil),
        rules: rules
    ) {
        Key.value(
            "address", \.address,
            .listeningAddress("0.0.0.0:8443, [::]:8443 or unix:/run/trunkline.sock", habit: Habits.listener),
            "`0.0.0.0:8443`, `[::]:8443`, or a socket such as `unix:/run/trunkline.sock`.", isRequired: true,
            example: "0.0.0.0:8443"
        )
        Key.optional("name", \.name, .text.filled, "For `match.listener` of routes.", example: "public")
        Key.optionalSection("tls", \.tls, ListenerTLS.table, unset: "plain text")
        Key.list(
            "protocols", \.protocols, .protocolName,
            "What is spoken, the preferred one first; chosen by ALPN. Without TLS, `h2` needs prior knowledge.",
            empty: { "'protocols' of \($0) is empty, expected h2 or http/1.1" }
        )
        Key.value(
            "proxy_protocol", \.readsProxyHeader, .choice(("off", false), ("accept", true)),
            "`accept`: each connection begins with a PROXY protocol header, v1 or v2.")
        Redirect.key
        SocketAccess.table.keys(in: \Self.access)
    }

    private static let rules: [Rule<Self>] = [
        Rule(schema: [
            "not": [
                "properties": [
                    "redirect_to_https": [
                        "anyOf": [
                            ["const": true], ["type": "object"],
                            ["type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn])$"],
                        ]
                    ]
                ],
                "required": ["redirect_to_https", "tls"],
            ]
        ]) { listener, section in
            guard listener.redirectPort != nil, listener.tls != nil else { return }
            section.complain(
                section.place, "'redirect_to_https' is for plain listeners, but \(section.title) has 'tls'")
        },
        Rule(schema: SocketAccess.rule) { listener, section in
            listener.access.check(section, of: listener.address.value)
        },
    ]

    /// What is to be said of it beside those that come before it.
    static func check(_ listener: Self, _ section: Section, _ earlier: [Self]) {
        let address = listener.address.value.description
        if !address.hasSuffix(":0"), earlier.contains(where: { $0.address.value.description == address }) {
            section.complain(listener.address.place, "address '\(address)' is listened on twice")
        }
        if let name = listener.name, earlier.contains(where: { $0.name == name }) {
            section.complain(
                section.node("name")?.place ?? section.place, "two listeners are named '\(name)'")
        }
    }
}

extension Scalar where Value == String {
    fileprivate static var protocolName: Self {
        choice(("h2", "h2"), ("http/1.1", "http/1.1")).complaining {
            "unknown protocol '\($0)', expected h2 or http/1.1"
        }
    }
}
