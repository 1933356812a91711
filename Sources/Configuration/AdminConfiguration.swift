/// `admin`.
package struct AdminConfiguration: Equatable, Sendable {
    /// Where it listens: an address of this machine, or a Unix socket.
    package var address: Located<Address>
    /// Names that it is asked by, in lower case, beside `localhost` and addresses.
    package private(set) var hosts: [String] = []
    /// A file with what orders over TCP must come with. nil = nothing.
    package var token: Located<String>?
    /// A file that keeps revocations. nil = they live as long as the process, and those that it hands over to.
    package var revocations: Located<String>?
    /// Of a Unix socket.
    package var access = SocketAccess()
    /// The most rows of a family in `/metrics`; what is over is summed up.
    package fileprivate(set) var metricRows = 4096

    static let table = Table(
        "The listener for operators: /status, /metrics, /reload, /drain.",
        start: Self(address: Located(value: .unix("/"), place: Place(line: 1, column: 1))), rules: rules
    ) {
        Key.value(
            "address", \.address,
            .listeningAddress("127.0.0.1:9901 or unix:/run/trunkline-admin.sock"),
            "Where it listens: `127.0.0.1:9901`, or a socket such as `unix:/run/trunkline-admin.sock`.",
            isRequired: true, example: "127.0.0.1:9901"
        )
        Key.list(
            "hosts", \.hosts, .hostName,
            "Names that requests may have as Host, beside localhost and addresses.",
            example: "ops.internal"
        )
        Key.optional(
            "token", \.token, .file,
            "A file with a token: orders over TCP need `Authorization: Bearer` with it.",
            example: "admin.token",
            unset: "orders need nothing")
        Key.optional(
            "revocations", \.revocations, .file,
            "A file that the proxy writes, so that revocations outlive a crash and a restart.",
            example: "revocations.json",
            unset: "they go on where a process hands over, and are lost otherwise")
        SocketAccess.table.keys(in: \Self.access)
        Key.value(
            "metric_rows", \.metricRows, .integer(16...1_000_000),
            "Rows of one metric in /metrics; all further ones are summed up in one row.")
    }

    private static let rules: [Rule<Self>] = [
        Rule(schema: SocketAccess.rule) { admin, section in
            admin.access.check(section, of: admin.address.value)
        },
        Rule { admin, section in
            guard case .ip(let ip, _) = admin.address.value, !ip.hasPrefix("127."), ip != "::1" else {
                return
            }
            section.warn(
                admin.address.place,
                "'admin' listens on \(admin.address.value): \(admin.danger); expected a loopback address or a Unix socket"
            )
        },
    ]

    /// What others can do who reach it, or the way to it.
    private var danger: String {
        token == nil
            ? "whoever reaches it can drain and reload this proxy"
            : "whoever reads along learns its token, since it has no TLS, and whoever reaches it can look"
    }

    /// What is to be said of it beside the listeners.
    static func check(_ admin: Self, _ section: Section, _ listeners: [ListenerConfiguration]) {
        guard listeners.contains(where: { $0.address.value == admin.address.value }) else { return }
        section.complain(
            admin.address.place,
            "address '\(admin.address.value)' is listened on twice, as a listener and for 'admin'")
    }
}

extension Scalar where Value == String {
    /// In lower case.
    fileprivate static var hostName: Self {
        var scalar = text("name of a host", pattern: "^[A-Za-z0-9._-]+$") { text in
            AddressSyntax.isHostName(text)
                ? nil : "'\(text)' is no name of a host, expected one such as ops.internal"
        }
        scalar.parse = { text, _ in AddressSyntax.isHostName(text) ? text.lowercased() : nil }
        return scalar
    }
}
