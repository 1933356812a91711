package import BasicContainers

/// The payload of a control frame, put together and unmasked, in place and without the heap.
package struct ControlPayload: Sendable {
    /// The most a control frame may carry (RFC 6455, 5.5).
    package static let largestSize = 125

    private var storage = InlineArray<125, UInt8>(repeating: 0)
    private var used: UInt8 = 0

    /// Nothing yet.
    package init() {}

    /// How many bytes have come.
    package var count: Int { Int(used) }

    /// A copy of what has come.
    package var bytes: [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        for index in 0..<count { copy.append(storage[index]) }
        return copy
    }

    /// Appends what has come.
    package func append(to output: inout UniqueArray<UInt8>) {
        for index in 0..<count { output.append(storage[index]) }
    }

    /// Begins the next frame.
    package mutating func removeAll() { used = 0 }

    /// Appends the part of the payload that a slice has brought, unmasked. What does not fit is left out; the rules
    /// have refused such a frame before.
    package mutating func append(_ part: Span<UInt8>, of slice: FrameSlice) {
        for index in part.indices where used < ControlPayload.largestSize {
            let phase = UInt32(truncatingIfNeeded: (slice.payloadOffset &+ index) & 3) * 8
            storage[Int(used)] = part[index] ^ UInt8(truncatingIfNeeded: slice.header.maskingKey >> phase)
            used += 1
        }
    }
}
