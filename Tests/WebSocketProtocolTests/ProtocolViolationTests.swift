import Testing
import WebSocketProtocol

@Suite("Protocol violation")
struct ProtocolViolationTests {
    /// Each with the code that the peer is told and the key of the limit that was hit.
    private static let all: [(ProtocolViolation, UInt16, limit: String?)] = [
        (.reservedOpcode(11), 1002, nil), (.reservedBits(7), 1002, nil),
        (.compressedControlFrame, 1002, nil), (.compressedContinuation, 1002, nil),
        (.unexpectedMask, 1002, nil), (.missingMask, 1002, nil), (.lengthTopBitSet, 1002, nil),
        (.nonMinimalLength, 1002, nil), (.fragmentedControlFrame, 1002, nil),
        (.controlFrameTooLong(.max), 1002, nil), (.unexpectedContinuation, 1002, nil),
        (.expectedContinuation, 1002, nil), (.illegalCloseCode(1005), 1002, nil),
        (.closePayloadOfOneByte, 1002, nil), (.invalidCompressedData, 1002, nil),
        (.invalidUTF8, 1007, nil), (.outOfMemory, 1011, nil),
        (.frameTooBig(.max, limit: .max), 1009, "frame"),
        (.messageTooBig(limit: .max), 1009, "message"),
        (.tooManyFragments(limit: .max), 1008, "fragments"),
        (.tooManyMessages(perSecond: .max), 1008, "messages_per_second"),
        (.tooManyControlFrames(perSecond: .max), 1008, "control_frames_per_second"),
    ]

    @Test("has the code of RFC 6455, 7.4.1 and the name of the limit", arguments: all)
    func meaning(violation: ProtocolViolation, code: UInt16, limit: String?) {
        #expect(violation.closeCode.rawValue == code)
        #expect(violation.limit == limit)
    }

    @Test("has a reason in lower case that fits a Close frame whole", arguments: all)
    func reasons(violation: ProtocolViolation, code: UInt16, limit: String?) {
        let reason = violation.reason
        #expect(ClosePayload(violation.closeCode, reason).reason == reason)
        #expect(!reason.isEmpty && !reason.hasSuffix("."))
        #expect(reason.first?.isLowercase == true)
    }

    @Test("tells the numbers that broke the limit")
    func numbers() {
        #expect(ProtocolViolation.frameTooBig(11, limit: 10).reason == "frame too big: 11 > 10")
        #expect(ProtocolViolation.controlFrameTooLong(126).reason == "control frame too long: 126 > 125")
        #expect(ProtocolViolation.illegalCloseCode(1005).reason == "illegal close code 1005")
    }
}
