/// The header of a frame (RFC 6455, 5.2).
package struct FrameHeader: Equatable, Sendable {
    /// Bytes of the longest header.
    package static let largestSize = 14

    /// FIN, RSV1-3 and the opcode, as on the wire.
    package let first: UInt8
    package let isMasked: Bool
    /// The four bytes in memory order: byte `i` of a payload is masked with the bits from `8 * (i % 4)`. 0 if unmasked.
    package let maskingKey: UInt32
    package let payloadLength: Int

    /// A header from its parts.
    @inlinable package init(first: UInt8, isMasked: Bool, maskingKey: UInt32, payloadLength: Int) {
        self.first = first
        self.isMasked = isMasked
        self.maskingKey = maskingKey
        self.payloadLength = payloadLength
    }

    /// Whether this is the last frame of its message.
    @inlinable package var fin: Bool { first & 0x80 != 0 }
    /// RSV1: the message is compressed (RFC 7692, 6).
    @inlinable package var rsv1: Bool { first & 0x40 != 0 }
    /// RSV1 to RSV3 as a number from 0 to 7.
    @inlinable package var reservedBits: UInt8 { (first >> 4) & 7 }
    @inlinable package var opcode: Opcode { Opcode(rawValue: first) }
}
