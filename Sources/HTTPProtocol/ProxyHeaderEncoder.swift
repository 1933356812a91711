/// What a client's address leaves out: its port, and where it has connected to.
package struct ConnectionEnds: Equatable, Sendable {
    /// 0 for a Unix socket.
    package let clientPort: UInt16
    /// An address without its port.
    package let server: String
    /// 0 for a Unix socket.
    package let serverPort: UInt16

    /// Ends from their parts.
    package init(clientPort: UInt16, server: String, serverPort: UInt16) {
        self.clientPort = clientPort
        self.server = server
        self.serverPort = serverPort
    }
}

/// Writes the PROXY protocol's version 2 (2.2 of its specification) for a backend that wants to know its client.
package enum ProxyHeaderEncoder {
    /// Version 2, command PROXY or LOCAL, and no addresses: for checks, and for clients without an address.
    package static let local = ProxyHeaderParser.signature + [0x20, 0x00, 0, 0]

    /// - Parameters:
    ///   - client: an address without its port; one that is no IP address is not told.
    ///   - ends: nil = not known: port and server are zero.
    package static func version2(client: String, _ ends: ConnectionEnds?) -> [UInt8] {
        // Without its zone: an interface of ours says nothing to another machine.
        let text = client.prefix { $0 != "%" }
        let server = (ends?.server ?? "").prefix { $0 != "%" }
        let ports = [ends?.clientPort ?? 0, ends?.serverPort ?? 0].flatMap {
            [UInt8($0 >> 8), UInt8($0 & 255)]
        }
        if let source = AddressText.ipv4(text) {
            let target = AddressText.ipv4(server) ?? [UInt8](repeating: 0, count: 4)
            return ProxyHeaderParser.signature + [0x21, 0x11, 0, 12] + source + target + ports
        }
        guard let source = AddressText.ipv6(text) else { return local }
        let target = AddressText.ipv6(server) ?? mapped(server)
        return ProxyHeaderParser.signature + [0x21, 0x21, 0, 36] + source + target + ports
    }

    /// An IPv4 address as IPv6 knows it (RFC 4291, 2.5.5.2), or none.
    private static func mapped(_ text: Substring) -> [UInt8] {
        guard let four = AddressText.ipv4(text) else { return [UInt8](repeating: 0, count: 16) }
        return [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + four
    }
}
