package import BasicContainers

/// What one piece of input holds of one frame.
package struct FrameSlice: Equatable, Sendable {
    /// The frame's header.
    package let header: FrameHeader
    /// Where the frame's bytes begin in the piece: at its header, or where the piece goes on with it.
    package let start: Int
    /// Its payload bytes in the piece.
    package let payload: Range<Int>
    /// How many of its payload bytes came before: the phase of the mask.
    package let payloadOffset: Int
    /// The header was completed in this piece.
    package let beginsFrame: Bool
    /// The payload was completed in this piece.
    package let endsFrame: Bool
    /// How many bytes of its header came in earlier pieces and stand in none: see `FrameReader.appendHeldHeader`.
    package let heldHeader: Int
    // Kept rather than asked for: a getter of another module is a call, and these are looked at for every frame.
    /// It is of a control frame.
    package let isControl: Bool
    /// It begins a data message.
    package let beginsMessage: Bool
    /// It ends a data message.
    package let endsMessage: Bool
    /// It begins a message of text that is not compressed.
    package let beginsPlainText: Bool

    init(
        _ header: FrameHeader, start: Int, payload: Range<Int>, payloadOffset: Int, beginsFrame: Bool,
        endsFrame: Bool, heldHeader: Int
    ) {
        self.header = header
        self.start = start
        self.payload = payload
        self.payloadOffset = payloadOffset
        self.beginsFrame = beginsFrame
        self.endsFrame = endsFrame
        self.heldHeader = heldHeader
        isControl = header.opcode.isControl
        beginsMessage = beginsFrame && !isControl && header.opcode != .continuation
        endsMessage = endsFrame && header.fin && !isControl
        beginsPlainText = beginsFrame && header.opcode == .text && !header.rsv1
    }
}

/// Reads the frames of one peer from a stream of bytes, in whatever pieces they come: one call a frame and piece.
///
/// Payload is never kept: it is reported as a range of the piece (rule 4 of the data plane). After a violation the
/// connection is to be failed (RFC 6455, 7.1.7), and nothing more may be read.
package struct FrameReader: Sendable {
    private var scanner: FrameScanner
    private var rules: MessageRules
    private var header = FrameHeader(first: 0, isMasked: false, maskingKey: 0, payloadLength: 0)
    private var payloadRead = 0
    /// Whether a frame's header has been read and its payload has not yet come in full.
    package private(set) var isMidFrame = false

    /// - Parameters:
    ///   - fromClient: frames of a client are masked, those of a server are not.
    ///   - limits: bounds on frames and messages, in payload bytes as they come on the wire.
    ///   - allowsCompression: permessage-deflate was agreed on with this peer.
    ///   - inflates: compressed messages are inflated here, and meet the limits then.
    package init(fromClient: Bool, limits: FrameLimits, allowsCompression: Bool, inflates: Bool = false) {
        scanner = FrameScanner(expectsMask: fromClient)
        rules = MessageRules(limits: limits, allowsCompression: allowsCompression, inflates: inflates)
    }

    /// Whether a data message has begun and not ended.
    package var isMidMessage: Bool { rules.isMidMessage || (isMidFrame && !header.opcode.isControl) }

    /// Nothing has come of a message that has not come in full.
    var isBetweenMessages: Bool { !isMidFrame && !scanner.isMidHeader && !rules.isMidMessage }
    /// The frames of this peer are masked.
    var expectsMask: Bool { scanner.expectsMask }
    /// Payload bytes of a message of one frame.
    var largestMessage: Int { rules.unfragmentedLimit }

    /// The next frame, or part of one, at `position`, which moves behind it; nil when all bytes are used up.
    package mutating func next(
        _ bytes: Span<UInt8>, from position: inout Int
    ) throws(ProtocolViolation) -> FrameSlice? {
        guard position < bytes.count else { return nil }
        guard !isMidFrame else { return rest(bytes, from: &position) }
        let start = position
        guard let header = try scanner.header(bytes, at: &position) else { return nil }
        try rules.accept(header)
        let payload = position..<(position + min(header.payloadLength, bytes.count - position))
        position = payload.upperBound
        let isWhole = payload.count == header.payloadLength
        if !isWhole {
            self.header = header
            payloadRead = payload.count
            isMidFrame = true
        }
        return FrameSlice(
            header, start: start, payload: payload, payloadOffset: 0, beginsFrame: true, endsFrame: isWhole,
            heldHeader: scanner.heldBefore)
    }

    /// Appends the bytes of the current frame's header that came in earlier pieces.
    package func appendHeldHeader(to output: inout UniqueArray<UInt8>) {
        scanner.appendHeldHeader(to: &output)
    }

    /// More of the payload of the frame that earlier pieces began.
    private mutating func rest(_ bytes: Span<UInt8>, from position: inout Int) -> FrameSlice {
        let count = min(header.payloadLength - payloadRead, bytes.count - position)
        let slice = FrameSlice(
            header, start: position, payload: position..<(position + count),
            payloadOffset: payloadRead,
            beginsFrame: false, endsFrame: payloadRead + count == header.payloadLength, heldHeader: 0)
        position += count
        payloadRead += count
        isMidFrame = !slice.endsFrame
        return slice
    }
}
