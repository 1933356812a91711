/// A frame's opcode (RFC 6455, 5.2).
package struct Opcode: Equatable, Sendable {
    /// The four bits on the wire.
    package let rawValue: UInt8

    /// Any of the sixteen values, reserved ones included.
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue & 0x0F }

    /// A fragment that is not the first.
    package static let continuation = Opcode(rawValue: 0)
    /// A message of UTF-8 text.
    package static let text = Opcode(rawValue: 1)
    /// A message of bytes.
    package static let binary = Opcode(rawValue: 2)
    /// The end of what its sender has to say.
    package static let close = Opcode(rawValue: 8)
    /// Asks for a Pong.
    package static let ping = Opcode(rawValue: 9)
    /// Answers a Ping.
    package static let pong = Opcode(rawValue: 10)

    /// Close, Ping, Pong and the reserved ones above them.
    @inlinable package var isControl: Bool { rawValue & 0x08 != 0 }

    /// Not defined by RFC 6455 and negotiated by no extension of ours.
    @inlinable package var isReserved: Bool { rawValue > 10 || (3...7).contains(rawValue) }
}
