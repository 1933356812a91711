/// What a peer did against RFC 6455 or a limit, with the numbers that broke it.
package enum ProtocolViolation: Error, Equatable, Sendable {
    /// An opcode that RFC 6455 leaves open (5.2).
    case reservedOpcode(UInt8)
    /// RSV1 to RSV3 as a number, without an extension that gives them a meaning (5.2).
    case reservedBits(UInt8)
    /// RSV1 on a control frame (RFC 7692, 6.1).
    case compressedControlFrame
    /// RSV1 on a fragment that is not the first (RFC 7692, 6.1).
    case compressedContinuation
    /// A server's frame is masked (5.1).
    case unexpectedMask
    /// A client's frame is not masked (5.1).
    case missingMask
    /// A length of 2^63 or more (5.2).
    case lengthTopBitSet
    /// A length in more bytes than it needs (5.2).
    case nonMinimalLength
    /// A control frame without FIN (5.5).
    case fragmentedControlFrame
    /// A control frame of more than 125 bytes (5.5).
    case controlFrameTooLong(Int)
    /// A continuation of nothing (5.4).
    case unexpectedContinuation
    /// A new message within another (5.4).
    case expectedContinuation
    /// A frame's payload is over the limit.
    case frameTooBig(Int, limit: Int)
    /// A message's payload is over the limit.
    case messageTooBig(limit: Int)
    /// A message comes in more frames than the limit.
    case tooManyFragments(limit: Int)
    /// Text or a reason that is not UTF-8 (8.1).
    case invalidUTF8
    /// A code that must not be sent (7.4).
    case illegalCloseCode(UInt16)
    /// Neither a code nor nothing (5.5.1).
    case closePayloadOfOneByte
    /// A message that is not DEFLATE (RFC 7692, 7.2.2).
    case invalidCompressedData
    /// Not the peer's doing: memory to inflate its message could not be had.
    case outOfMemory

    /// More messages than allowed.
    case tooManyMessages(perSecond: Int)
    /// More control frames than allowed.
    case tooManyControlFrames(perSecond: Int)

    /// The limit of the configuration that was hit, by its key; nil for a broken rule.
    package var limit: String? {
        switch self {
        case .frameTooBig: "frame"
        case .messageTooBig: "message"
        case .tooManyFragments: "fragments"
        case .tooManyMessages: "messages_per_second"
        case .tooManyControlFrames: "control_frames_per_second"
        default: nil
        }
    }

    /// The code that the peer is told (RFC 6455, 7.4.1).
    package var closeCode: CloseCode {
        switch self {
        case .invalidUTF8: .invalidPayload
        case .frameTooBig, .messageTooBig: .messageTooBig
        case .tooManyFragments, .tooManyMessages, .tooManyControlFrames: .policyViolation
        case .outOfMemory: .internalError
        default: .protocolError
        }
    }

    /// What the other side is told of it: a peer that has only gone over a limit has broken no rule of the protocol.
    ///
    /// - Parameter peer: who did it, e.g. `backend`.
    package func words(of peer: String) -> String {
        switch self {
        case .outOfMemory: reason
        case _ where limit != nil: "\(peer) went over a limit: \(reason)"
        default: "\(peer) broke the protocol"
        }
    }

    /// The code that a client is told when its backend did it: it has done nothing wrong itself, but may ask for less.
    package var codeBehindProxy: CloseCode { closeCode == .messageTooBig ? .messageTooBig : .internalError }

    /// Lower case, no full stop, short enough for a Close frame.
    package var reason: String {
        switch self {
        case .reservedOpcode(let opcode): "reserved opcode \(opcode)"
        case .reservedBits(let bits): "reserved bits \(bits)"
        case .compressedControlFrame: "compressed control frame"
        case .compressedContinuation: "compressed bit on a continuation frame"
        case .unexpectedMask: "masked frame from a server"
        case .missingMask: "unmasked frame from a client"
        case .lengthTopBitSet: "frame length with its top bit set"
        case .nonMinimalLength: "frame length not in its shortest form"
        case .fragmentedControlFrame: "fragmented control frame"
        case .controlFrameTooLong(let count): "control frame too long: \(count) > 125"
        case .unexpectedContinuation: "unexpected continuation frame"
        case .expectedContinuation: "expected a continuation frame"
        case .frameTooBig(let count, let limit): "frame too big: \(count) > \(limit)"
        case .messageTooBig(let limit): "message too big: over \(limit)"
        case .tooManyFragments(let limit): "too many fragments: over \(limit)"
        case .invalidUTF8: "text is not UTF-8"
        case .illegalCloseCode(let code): "illegal close code \(code)"
        case .closePayloadOfOneByte: "close payload of one byte"
        case .invalidCompressedData: "compressed data is invalid"
        case .outOfMemory: "out of memory"
        case .tooManyMessages(let rate): "more than \(rate) messages per second"
        case .tooManyControlFrames(let rate): "more than \(rate) control frames per second"
        }
    }
}
