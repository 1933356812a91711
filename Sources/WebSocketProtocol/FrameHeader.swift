package import BasicContainers

/// The header of a frame (RFC 6455, 5.2).
package struct FrameHeader: Equatable, Sendable {
    /// Bytes of the longest header.
    package static let largestSize = 14

    /// FIN, RSV1-3 and the opcode, as on the wire.
    package let first: UInt8
    /// Whether a masking key is there.
    package let isMasked: Bool
    /// The four bytes in memory order: byte `i` of a payload is masked with the bits from `8 * (i % 4)`. 0 if
    /// unmasked.
    package let maskingKey: UInt32
    /// Payload bytes of the frame.
    package let payloadLength: Int

    /// A header from its parts.
    @inlinable package init(first: UInt8, isMasked: Bool, maskingKey: UInt32, payloadLength: Int) {
        self.first = first
        self.isMasked = isMasked
        self.maskingKey = maskingKey
        self.payloadLength = payloadLength
    }

    /// A header of ours; without a key the frame is not masked.
    package init(
        _ opcode: Opcode, fin: Bool, rsv1: Bool = false, maskingKey: UInt32? = nil, payloadLength: Int
    ) {
        self.init(
            first: (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode.rawValue, isMasked: maskingKey != nil,
            maskingKey: maskingKey ?? 0, payloadLength: payloadLength)
    }

    /// Whether this is the last frame of its message.
    @inlinable package var fin: Bool { first & 0x80 != 0 }
    /// RSV1: the message is compressed (RFC 7692, 6).
    @inlinable package var rsv1: Bool { first & 0x40 != 0 }
    /// RSV1 to RSV3 as a number from 0 to 7.
    @inlinable package var reservedBits: UInt8 { (first >> 4) & 7 }
    /// What the frame is.
    @inlinable package var opcode: Opcode { Opcode(rawValue: first) }

    /// Bytes on the wire, with the length in its shortest form.
    package var encodedSize: Int {
        2 + (payloadLength <= 125 ? 0 : payloadLength <= 65_535 ? 2 : 8) + (isMasked ? 4 : 0)
    }

    /// Appends the header as on the wire, with the length in its shortest form.
    package func append(to output: inout UniqueArray<UInt8>) {
        output.append(addingCount: encodedSize) { (wire: inout OutputSpan<UInt8>) in
            let mask: UInt8 = isMasked ? 0x80 : 0
            wire.append(first)
            if payloadLength <= 125 {
                wire.append(mask | UInt8(truncatingIfNeeded: payloadLength))
            } else {
                let isWide = payloadLength > 65_535
                wire.append(mask | (isWide ? 127 : 126))
                var shift = isWide ? 56 : 8
                while shift >= 0 {
                    wire.append(UInt8(truncatingIfNeeded: payloadLength >> shift))
                    shift -= 8
                }
            }
            guard isMasked else { return }
            wire.append(UInt8(truncatingIfNeeded: maskingKey))
            wire.append(UInt8(truncatingIfNeeded: maskingKey >> 8))
            wire.append(UInt8(truncatingIfNeeded: maskingKey >> 16))
            wire.append(UInt8(truncatingIfNeeded: maskingKey >> 24))
        }
    }
}
