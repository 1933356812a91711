package import BasicContainers

/// The payload of a control frame, put together and unmasked.
package struct ControlPayload: Sendable {
    /// The most a control frame may carry (RFC 6455, 5.5).
    package static let largestSize = 125

    /// What has come: nothing as long as no control frame is under way, which is nearly always.
    package private(set) var bytes: [UInt8] = []

    /// Nothing yet.
    package init() {}

    /// How many bytes have come.
    package var count: Int { bytes.count }

    /// Appends what has come.
    package func append(to output: inout UniqueArray<UInt8>) { output.append(copying: bytes.span) }

    /// Begins the next frame.
    package mutating func removeAll() { if !bytes.isEmpty { bytes = [] } }

    /// Appends the part of the payload that a slice has brought, unmasked. What does not fit is left out; the rules
    /// have refused such a frame before.
    package mutating func append(_ part: Span<UInt8>, of slice: FrameSlice) {
        if bytes.isEmpty, !part.isEmpty {
            bytes.reserveCapacity(min(slice.header.payloadLength, Self.largestSize))
        }
        for index in part.indices where bytes.count < Self.largestSize {
            let phase = UInt32(truncatingIfNeeded: (slice.payloadOffset &+ index) & 3) * 8
            bytes.append(part[index] ^ UInt8(truncatingIfNeeded: slice.header.maskingKey >> phase))
        }
    }
}
