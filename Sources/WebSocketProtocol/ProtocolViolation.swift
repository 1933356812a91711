/// What a peer did against RFC 6455 or a limit, with the numbers that broke it.
package enum ProtocolViolation: Error, Equatable, Sendable {
    case reservedOpcode(UInt8)
    case reservedBits(UInt8)
    case unexpectedMask
    case missingMask
    case lengthTopBitSet
    case nonMinimalLength
    case fragmentedControlFrame
    case controlFrameTooLong(Int)
    case unexpectedContinuation
    case expectedContinuation
    case frameTooBig(Int, limit: Int)
    case messageTooBig(limit: Int)
    case tooManyFragments(limit: Int)
    case invalidUTF8
    case illegalCloseCode(UInt16)
    case closePayloadOfOneByte
    case invalidCompressedData
    case inflateRatioTooHigh(limit: Int)

    /// The code that the peer is told (RFC 6455, 7.4.1).
    package var closeCode: CloseCode {
        switch self {
        case .invalidUTF8: .invalidPayload
        case .frameTooBig, .messageTooBig, .inflateRatioTooHigh: .messageTooBig
        case .tooManyFragments: .policyViolation
        default: .protocolError
        }
    }

    /// Lower case, no full stop, short enough for a Close frame.
    package var reason: String {
        switch self {
        case .reservedOpcode(let opcode): "reserved opcode \(opcode)"
        case .reservedBits(let bits): "reserved bits \(bits)"
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
        case .inflateRatioTooHigh(let limit): "message inflates to over \(limit) times its size"
        }
    }
}
