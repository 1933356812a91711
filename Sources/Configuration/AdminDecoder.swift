internal import Yams

/// `admin`.
package struct AdminConfiguration: Equatable, Sendable {
    /// Where it listens: an address of this machine, or a Unix socket.
    package var address: Located<Address>
    /// Names that it is asked by, in lower case, beside `localhost` and addresses.
    package var hosts: [String] = []
    /// A file with what orders over TCP must come with. nil = nothing.
    package var token: Located<String>?
    /// Of a Unix socket.
    package var access = SocketAccess()
    /// The most rows of a family in `/metrics`; what is over is summed up.
    package var metricRows = 4096
}

/// Reads `admin`.
enum AdminDecoder {
    static func decode(_ top: Section, listeners: [ListenerConfiguration]) -> AdminConfiguration? {
        guard let node = top.node("admin") else { return nil }
        if let word = node.scalar?.string, Quantity.flag(word) == false { return nil }
        let section = Section(node, title: "'admin'", place: top.place, top.complaints)
        defer { section.finish() }
        let hosts = hosts(section)
        let token = section.hasKey("token") ? section.required("token") : nil
        guard let text = section.required("address") else { return nil }
        switch AddressSyntax.parse(text.value) {
        case .some(.name), nil:
            section.complaints.add(
                text.place,
                "'\(text.value)' is no address to listen on, expected one such as 127.0.0.1:9901 or unix:/run/trunkline-admin.sock"
            )
            return nil
        case let address?:
            check(address, at: text.place, section, listeners)
            var admin = AdminConfiguration(
                address: Located(value: address, place: text.place), hosts: hosts, token: token,
                access: SocketAccess.decode(section, of: address))
            section.integer("metric_rows", into: &admin.metricRows, 16...1_000_000)
            return admin
        }
    }

    private static func hosts(_ section: Section) -> [String] {
        section.list("hosts").compactMap { node in
            guard let text = section.text(node, "hosts") else { return nil }
            if !AddressSyntax.isHostName(text.value) {
                section.complaints.add(
                    text.place, "'\(text.value)' is no name of a host, expected one such as ops.internal")
            }
            return text.value.lowercased()
        }
    }

    private static func check(
        _ address: Address, at place: Place, _ section: Section, _ listeners: [ListenerConfiguration]
    ) {
        if listeners.contains(where: { $0.address.value == address }) {
            section.complaints.add(
                place, "address '\(address)' is listened on twice, as a listener and for 'admin'")
        }
        guard case .ip(let ip, _) = address, !ip.hasPrefix("127."), ip != "::1" else { return }
        section.complaints.warn(
            place,
            "'admin' listens on \(address): whoever reaches it can drain and reload this proxy; expected a loopback address or a Unix socket"
        )
    }
}
