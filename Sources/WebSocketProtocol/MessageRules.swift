/// Bounds on what a peer may send. Each is checked before memory is taken.
package struct FrameLimits: Equatable, Sendable {
    // Far above any size that is of use, and small enough that the sum of two can't overflow.
    private static let ceiling = Int.max / 4

    /// Payload bytes of one frame.
    package var frame: Int { didSet { frame = min(max(frame, 0), FrameLimits.ceiling) } }
    /// Payload bytes of one message, all fragments together, as they come on the wire.
    package var message: Int { didSet { message = min(max(message, 0), FrameLimits.ceiling) } }
    /// Frames of one message: an endless train of empty fragments costs time, not size.
    package var fragments: Int { didSet { fragments = min(max(fragments, 1), FrameLimits.ceiling) } }

    /// 16 MiB, 16 MiB and 16 384 unless told otherwise. Values outside what can be counted are moved to its ends.
    package init(frame: Int = 16 << 20, message: Int = 16 << 20, fragments: Int = 16_384) {
        self.frame = min(max(frame, 0), FrameLimits.ceiling)
        self.message = min(max(message, 0), FrameLimits.ceiling)
        self.fragments = min(max(fragments, 1), FrameLimits.ceiling)
    }

    /// The same for compressed payload: what does not shrink grows a little, and the limit proper is checked after
    /// inflation.
    package var forCompressedPayload: FrameLimits {
        FrameLimits(
            frame: frame + frame / 64 + 1024, message: message + message / 64 + 1024, fragments: fragments)
    }
}

/// The rules between frames (RFC 6455, 5.4 and 5.5) and the limits: which frame may follow which.
package struct MessageRules: Sendable {
    private let limits: FrameLimits
    /// Payload bytes of a message of one frame.
    let unfragmentedLimit: Int
    // RSV1 where it has a meaning, else nothing.
    private let compressionBit: UInt8
    private let inflates: Bool
    private var messageSize = 0
    private var fragments = 0
    // The message that has begun will be inflated.
    private var isInflated = false
    /// Whether a data message has begun and its last frame has not.
    package private(set) var isMidMessage = false

    /// - Parameters:
    ///   - limits: bounds on frames and messages.
    ///   - allowsCompression: permessage-deflate was agreed on, so RSV1 has a meaning.
    ///   - inflates: compressed messages are inflated here, and meet the limits then.
    package init(limits: FrameLimits, allowsCompression: Bool, inflates: Bool = false) {
        self.limits = limits
        self.inflates = inflates
        unfragmentedLimit = min(limits.frame, limits.message)
        compressionBit = allowsCompression ? 0x40 : 0
    }

    /// Judges a frame by its header.
    @inline(__always)
    package mutating func accept(_ header: FrameHeader) throws(ProtocolViolation) {
        // Text or binary (81, 82) in one frame and within the limits: nearly all there are, and nothing to remember.
        let isWholeMessage = (header.first & ~compressionBit) &- 0x81 < 2
        if isWholeMessage, !isMidMessage, header.payloadLength <= unfragmentedLimit { return }
        try acceptAny(header)
    }

    private mutating func acceptAny(_ header: FrameHeader) throws(ProtocolViolation) {
        let opcode = header.opcode
        guard !opcode.isReserved else { throw .reservedOpcode(opcode.rawValue) }
        if header.reservedBits != 0 { try acceptReservedBits(header) }
        guard !opcode.isControl else { return try acceptControl(header) }
        try acceptData(header)
    }

    private func acceptReservedBits(_ header: FrameHeader) throws(ProtocolViolation) {
        guard header.reservedBits == 4, compressionBit != 0 else { throw .reservedBits(header.reservedBits) }
        // RFC 7692, 6.1: RSV1 on the first frame of a data message only.
        guard !header.opcode.isControl else { throw .compressedControlFrame }
        guard header.opcode != .continuation else { throw .compressedContinuation }
    }

    private func acceptControl(_ header: FrameHeader) throws(ProtocolViolation) {
        // 5.5: at most 125 bytes, never fragmented.
        guard header.fin else { throw .fragmentedControlFrame }
        guard header.payloadLength <= 125 else { throw .controlFrameTooLong(header.payloadLength) }
    }

    private mutating func acceptData(_ header: FrameHeader) throws(ProtocolViolation) {
        if header.opcode == .continuation {
            guard isMidMessage else { throw .unexpectedContinuation }
            fragments += 1
            guard fragments <= limits.fragments else { throw .tooManyFragments(limit: limits.fragments) }
        } else {
            guard !isMidMessage else { throw .expectedContinuation }
            messageSize = 0
            fragments = 1
            isInflated = inflates && header.rsv1
        }
        let limits = isInflated ? limits.forCompressedPayload : limits
        guard header.payloadLength <= limits.frame else {
            throw .frameTooBig(header.payloadLength, limit: limits.frame)
        }
        // Both are at most `FrameLimits.ceiling`, so the sum can't overflow.
        messageSize += header.payloadLength
        guard messageSize <= limits.message else { throw .messageTooBig(limit: limits.message) }
        isMidMessage = !header.fin
    }
}
