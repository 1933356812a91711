/// The payload of a control frame, put together and unmasked.
package struct ControlPayload: Sendable {
    /// At most 125 bytes (RFC 6455, 5.5).
    package private(set) var bytes: [UInt8] = []

    /// Empty; holds no memory.
    package init() {}

    /// Begins the next frame.
    package mutating func removeAll() { bytes = [] }

    /// Appends the part of the payload that a slice has brought.
    package mutating func append(_ part: Span<UInt8>, of slice: FrameSlice) {
        for index in part.indices {
            let phase = UInt32(truncatingIfNeeded: (slice.payloadOffset + index) & 3) * 8
            bytes.append(part[index] ^ UInt8(truncatingIfNeeded: slice.header.maskingKey >> phase))
        }
    }
}
