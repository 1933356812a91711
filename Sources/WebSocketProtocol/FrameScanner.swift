package import BasicContainers

/// Parses frame headers, whatever the pieces they come in (RFC 6455, 5.2). Knows nothing of messages.
///
/// The bytes of a header that was cut off are kept here (13 at most) until the rest comes.
package struct FrameScanner: Sendable {
    private var held: SIMD16<UInt8> = .zero
    private var heldCount = 0
    /// How many bytes of the header parsed last had come in earlier pieces.
    package private(set) var heldBefore = 0
    let expectsMask: Bool

    /// - Parameter expectsMask: frames of a client must be masked, frames of a server must not be (5.1).
    package init(expectsMask: Bool) { self.expectsMask = expectsMask }

    /// Whether part of a header is held.
    package var isMidHeader: Bool { heldCount > 0 }

    /// Parses a header that begins at, or continues with, `position` and moves `position` behind it; nil when it
    /// is not complete, and then all bytes have been taken.
    @inline(__always)
    package mutating func header(
        _ bytes: Span<UInt8>, at position: inout Int
    ) throws(ProtocolViolation) -> FrameHeader? {
        // Nearly all headers come in one piece with a length of one byte or three: up to 8 bytes from a client, 4 from a
        // server. The shortest frames may end before that.
        guard heldCount == 0, bytes.count - position >= (expectsMask ? 8 : 4) else {
            return try pieced(bytes, at: &position)
        }
        let first = bytes[position]
        let second = bytes[position + 1]
        var length = Int(second & 0x7F)
        guard length < 127, (second & 0x80 != 0) == expectsMask else {
            return try pieced(bytes, at: &position)
        }
        var end = position + 2
        if length == 126 {
            length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            guard length > 125 else { return try pieced(bytes, at: &position) }
            end = position + 4
        }
        heldBefore = 0
        var key: UInt32 = 0
        if expectsMask {
            key = FrameScanner.key { bytes[end + $0] }
            end += 4
        }
        position = end
        return FrameHeader(first: first, isMasked: expectsMask, maskingKey: key, payloadLength: length)
    }

    /// Appends the first bytes of the header parsed last, those that came in earlier pieces.
    package func appendHeldHeader(to output: inout UniqueArray<UInt8>) {
        for index in 0..<heldBefore { output.append(held[index]) }
    }

    /// Any header, byte by byte where it has to be.
    private mutating func pieced(
        _ bytes: Span<UInt8>, at position: inout Int
    ) throws(ProtocolViolation) -> FrameHeader? {
        heldBefore = heldCount
        guard heldCount == 0 else { return try continued(bytes, at: &position) }
        let available = bytes.count - position
        guard available >= 2 else { return hold(bytes, from: &position) }
        let second = bytes[position + 1]
        let size = try FrameScanner.size(second, expectsMask: expectsMask)
        guard available >= size else { return hold(bytes, from: &position) }
        let header = try FrameScanner.parse(bytes[position], second) { bytes[position + $0] }
        position += size
        return header
    }

    private mutating func hold(_ bytes: Span<UInt8>, from position: inout Int) -> FrameHeader? {
        while position < bytes.count {
            held[heldCount] = bytes[position]
            heldCount += 1
            position += 1
        }
        return nil
    }

    private mutating func continued(
        _ bytes: Span<UInt8>, at position: inout Int
    ) throws(ProtocolViolation) -> FrameHeader? {
        while position < bytes.count {
            held[heldCount] = bytes[position]
            heldCount += 1
            position += 1
            guard heldCount >= 2, heldCount == (try FrameScanner.size(held[1], expectsMask: expectsMask))
            else {
                continue
            }
            heldCount = 0
            let copy = held
            return try FrameScanner.parse(copy[0], copy[1]) { copy[$0] }
        }
        heldBefore = 0
        return nil
    }

    /// The header's size, from its second byte.
    @inline(__always)
    private static func size(_ second: UInt8, expectsMask: Bool) throws(ProtocolViolation) -> Int {
        let isMasked = second & 0x80 != 0
        // 5.1: a server closes on an unmasked frame, a client on a masked one.
        guard isMasked == expectsMask else { throw isMasked ? .unexpectedMask : .missingMask }
        let length = second & 0x7F
        return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (isMasked ? 4 : 0)
    }

    @inline(__always)
    private static func parse(
        _ first: UInt8, _ second: UInt8, _ byte: (Int) -> UInt8
    ) throws(ProtocolViolation) -> FrameHeader {
        var length = Int(second & 0x7F)
        var at = 2
        if length == 126 {
            length = Int(byte(2)) << 8 | Int(byte(3))
            at = 4
            // 5.2: the minimal number of bytes must be used.
            guard length > 125 else { throw .nonMinimalLength }
        } else if length == 127 {
            var wide: UInt64 = 0
            for index in 2..<10 { wide = wide << 8 | UInt64(byte(index)) }
            at = 10
            guard let fitting = Int(exactly: wide) else { throw .lengthTopBitSet }
            length = fitting
            guard length > 65_535 else { throw .nonMinimalLength }
        }
        let isMasked = second & 0x80 != 0
        return FrameHeader(
            first: first, isMasked: isMasked, maskingKey: isMasked ? key { byte(at + $0) } : 0,
            payloadLength: length)
    }

    @inline(__always)
    private static func key(_ byte: (Int) -> UInt8) -> UInt32 {
        UInt32(byte(0)) | UInt32(byte(1)) << 8 | UInt32(byte(2)) << 16 | UInt32(byte(3)) << 24
    }
}
