import Testing
import WebSocketProtocol

@Suite("Message rules")
struct MessageRulesTests {
    /// The first violation of a train of frames: each its first byte and how many bytes of payload it has.
    private func violation(
        _ train: [(UInt8, Int)], limits: FrameLimits = FrameLimits(), compression: Bool = false
    ) -> ProtocolViolation? {
        var rules = MessageRules(limits: limits, allowsCompression: compression)
        do throws(ProtocolViolation) {
            for (first, length) in train {
                try rules.accept(
                    FrameHeader(first: first, isMasked: false, maskingKey: 0, payloadLength: length))
            }
            return nil
        } catch {
            return error
        }
    }

    @Test("which frame may follow which (RFC 6455, 5.4)")
    func order() {
        #expect(violation([(0x81, 1), (0x82, 1), (0x01, 1), (0x00, 1), (0x80, 1), (0x82, 0)]) == nil)
        #expect(violation([(0x80, 0)]) == .unexpectedContinuation)
        #expect(violation([(0x00, 0)]) == .unexpectedContinuation)
        #expect(violation([(0x81, 1), (0x80, 1)]) == .unexpectedContinuation)
        #expect(violation([(0x01, 1), (0x80, 1), (0x80, 1)]) == .unexpectedContinuation)
        for first: UInt8 in [0x81, 0x82, 0x01, 0x02] {
            #expect(violation([(0x01, 1), (first, 1)]) == .expectedContinuation)
            #expect(violation([(0x02, 1), (0x00, 1), (first, 1)]) == .expectedContinuation)
        }
    }

    @Test("control frames may stand within a message, whole and short (5.5)")
    func control() {
        for opcode: UInt8 in [8, 9, 10] {
            #expect(violation([(0x01, 1), (0x80 | opcode, 125), (0x80, 1)]) == nil)
            #expect(violation([(0x80 | opcode, 126)]) == .controlFrameTooLong(126))
            #expect(violation([(opcode, 0)]) == .fragmentedControlFrame)
        }
    }

    @Test("every first byte without an extension: six opcodes, and no reserved bit (5.2)")
    func plainFirstBytes() {
        for first in UInt8.min...UInt8.max {
            let (bits, opcode) = (first / 16 % 8, first % 16)
            // Within a message, where alone a continuation may stand.
            let found = violation(opcode == 0 ? [(0x01, 1), (first, 0)] : [(first, 0)])
            if ![0, 1, 2, 8, 9, 10].contains(opcode) {
                #expect(found == .reservedOpcode(opcode))
            } else if bits != 0 {
                #expect(found == .reservedBits(bits))
            } else {
                #expect(found == (opcode >= 8 && first < 128 ? .fragmentedControlFrame : nil))
            }
        }
    }

    @Test("RSV1, once it has a meaning: on the first frame of a data message only (RFC 7692, 6.1)")
    func compressed() {
        #expect(violation([(0xC1, 1), (0xC2, 1), (0x81, 1)], compression: true) == nil)
        #expect(violation([(0x41, 1), (0x00, 1), (0x80, 1)], compression: true) == nil)
        #expect(violation([(0x41, 1), (0xC0, 1)], compression: true) == .compressedContinuation)
        #expect(violation([(0x41, 1), (0x40, 1)], compression: true) == .compressedContinuation)
        for first: UInt8 in [0xC8, 0xC9, 0xCA] {
            #expect(violation([(first, 0)], compression: true) == .compressedControlFrame)
        }
        for bits: UInt8 in [1, 2, 3, 5, 6, 7] {
            #expect(violation([(0x81 | bits << 4, 1)], compression: true) == .reservedBits(bits))
        }
        #expect(violation([(0xC3, 1)], compression: true) == .reservedOpcode(3))
    }

    @Test("the limit on a frame: at it and one above, first or not")
    func frameLimit() {
        let limits = FrameLimits(frame: 10, message: 100)
        #expect(violation([(0x82, 10), (0x02, 10), (0x80, 10)], limits: limits) == nil)
        #expect(violation([(0x82, 11)], limits: limits) == .frameTooBig(11, limit: 10))
        #expect(violation([(0x02, 1), (0x80, 11)], limits: limits) == .frameTooBig(11, limit: 10))
        #expect(violation([(0x82, .max)], limits: limits) == .frameTooBig(.max, limit: 10))
    }

    @Test("the limit on a message: at it and one above, in one frame or more, and anew for the next")
    func messageLimit() {
        let limits = FrameLimits(frame: 10, message: 15)
        #expect(violation([(0x02, 10), (0x80, 5), (0x02, 10), (0x80, 5)], limits: limits) == nil)
        #expect(violation([(0x02, 10), (0x80, 6)], limits: limits) == .messageTooBig(limit: 15))
        #expect(violation([(0x02, 10), (0x00, 0), (0x80, 6)], limits: limits) == .messageTooBig(limit: 15))
        let small = FrameLimits(frame: 100, message: 15)
        #expect(violation([(0x82, 15)], limits: small) == nil)
        #expect(violation([(0x82, 16)], limits: small) == .messageTooBig(limit: 15))
        // Control frames are none of the message's.
        #expect(violation([(0x02, 10), (0x89, 125), (0x80, 5)], limits: limits) == nil)
    }

    @Test("the limit on fragments: at it and one above, and anew for the next message")
    func fragmentLimit() {
        let limits = FrameLimits(fragments: 3)
        let three: [(UInt8, Int)] = [(0x02, 0), (0x00, 0), (0x80, 0)]
        #expect(violation(three + three, limits: limits) == nil)
        #expect(
            violation([(0x02, 0), (0x00, 0), (0x00, 0), (0x80, 0)], limits: limits)
                == .tooManyFragments(limit: 3))
        #expect(violation([(0x02, 0), (0x80, 0)], limits: FrameLimits(fragments: 1)) != nil)
        #expect(violation([(0x82, 0)], limits: FrameLimits(fragments: 1)) == nil)
    }

    @Test("is mid-message from a first fragment to the last")
    func midMessage() throws {
        var rules = MessageRules(limits: FrameLimits(), allowsCompression: false)
        let steps: [(first: UInt8, isMid: Bool)] = [
            (0x81, false), (0x01, true), (0x89, true), (0x00, true), (0x80, false), (0x88, false),
        ]
        for (first, isMid) in steps {
            try rules.accept(FrameHeader(first: first, isMasked: false, maskingKey: 0, payloadLength: 0))
            #expect(rules.isMidMessage == isMid)
        }
    }

    @Test("limits that can't be counted are moved to what can")
    func extremes() {
        let most = FrameLimits(frame: .max, message: .max, fragments: .max)
        #expect(most.frame == most.message && most.frame < .max / 2)
        // A limit, twice and more over: the sums hold.
        let train: [(UInt8, Int)] = [(0x02, most.frame), (0x00, most.frame), (0x00, most.frame)]
        #expect(violation(train, limits: most) == .messageTooBig(limit: most.message))
        #expect(most.forCompressedPayload.frame == most.frame)
        let least = FrameLimits(frame: -1, message: .min, fragments: 0)
        #expect(least == FrameLimits(frame: 0, message: 0, fragments: 1))
        #expect(violation([(0x81, 0)], limits: least) == nil)
        #expect(violation([(0x81, 1)], limits: least) == .frameTooBig(1, limit: 0))
    }

    @Test("compressed payload may be a little larger than what it holds")
    func compressedLimits() {
        let limits = FrameLimits(frame: 6400, message: 64_000, fragments: 5).forCompressedPayload
        #expect(limits == FrameLimits(frame: 6400 + 100 + 1024, message: 64_000 + 1000 + 1024, fragments: 5))
    }
}
