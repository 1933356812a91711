internal import ASCII

/// A member of `Sec-WebSocket-Protocol` (RFC 6455, 1.9): a token by the book, but clients send credentials there as well,
/// so it is whatever stands between two commas.
package struct Subprotocol: Hashable, Sendable, CustomStringConvertible {
    /// As it came.
    package let bytes: [UInt8]

    /// From its bytes.
    package init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    /// From text.
    package init(_ text: String) { bytes = Array(text.utf8) }

    /// For logs, and to compare with a name that the configuration gives.
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// What a client's `Sec-WebSocket-Protocol` says: the lines as they came, which are the backend's to judge, and what
/// they offer. Lines that offer nothing count as none.
package struct OfferedSubprotocols: Hashable, Sendable {
    /// The lines that go on.
    package let lines: [[UInt8]]
    /// In their order, doubles included; never an empty one.
    package let names: [Subprotocol]

    /// From a request's fields.
    package init(_ fields: HeaderFields) {
        var lines: [[UInt8]] = []
        var names: [Subprotocol] = []
        for line in fields.values(.subprotocols) {
            let members = line.split(separator: .comma).map { trimmed($0) }.filter { !$0.isEmpty }
            if members.isEmpty { continue }
            lines.append(line)
            names += members.map { Subprotocol($0) }
        }
        self.lines = lines
        self.names = names
    }

    func append(to fields: inout HeaderFields) {
        for line in lines { fields.append("Sec-WebSocket-Protocol", bytes: line) }
    }
}
