import Testing
import WebSocketProtocol

@Suite("Frame scanner")
struct FrameScannerTests {
    /// What became of a stream that is a header and perhaps some payload.
    private enum Outcome: Equatable {
        case header(FrameHeader, used: Int, held: [UInt8])
        case violation(ProtocolViolation)
        case incomplete
    }

    private func scan(_ pieces: [[UInt8]], masked: Bool) -> Outcome {
        var scanner = FrameScanner(expectsMask: masked)
        var used = 0
        for piece in pieces {
            var position = 0
            do throws(ProtocolViolation) {
                guard let header = try scanner.header(piece.span, at: &position) else {
                    #expect(position == piece.count)
                    used += position
                    #expect(scanner.isMidHeader == (used > 0))
                    continue
                }
                #expect(!scanner.isMidHeader)
                let held = wire { scanner.appendHeldHeader(to: &$0) }
                #expect(held.count == scanner.heldBefore)
                return .header(header, used: used + position, held: held)
            } catch {
                return .violation(error)
            }
        }
        return .incomplete
    }

    /// A header's bytes, and the payload length that they tell.
    private static let plainHeaders: [(bytes: [UInt8], length: Int)] = [
        ([0x82, 0x00], 0), ([0x82, 0x7D], 125), ([0x82, 0x7E, 0x00, 0x7E], 126),
        ([0x82, 0x7E, 0xFF, 0xFF], 65_535),
        ([0x82, 0x7F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00], 65_536),
        ([0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .max),
    ]

    /// Each with a key behind it and the bit for it.
    private static let maskedHeaders = plainHeaders.map { bytes, length in
        ([bytes[0], bytes[1] | 0x80] + bytes[2...] + [0x37, 0xFA, 0x21, 0x3D], length)
    }

    private func expectEverySplit(_ bytes: [UInt8], _ expected: FrameHeader) {
        for payload in [[], [1], [1, 2, 3, 4, 5, 6, 7, 8, 9]] as [[UInt8]] {
            let stream = bytes + payload
            for (first, second) in everyCut(stream) {
                // Only a header that was cut has bytes held.
                let held = first.count < bytes.count ? first : []
                #expect(
                    scan([first, second], masked: expected.isMasked)
                        == .header(expected, used: bytes.count, held: held))
            }
            #expect(
                scan(stream.map { [$0] }, masked: expected.isMasked)
                    == .header(expected, used: bytes.count, held: Array(bytes.dropLast())))
        }
    }

    @Test("every form of the length, unmasked, at every split", arguments: plainHeaders)
    func unmasked(bytes: [UInt8], length: Int) {
        expectEverySplit(
            bytes, FrameHeader(first: 0x82, isMasked: false, maskingKey: 0, payloadLength: length))
    }

    @Test("every form of the length, masked, at every split", arguments: maskedHeaders)
    func masked(bytes: [UInt8], length: Int) {
        expectEverySplit(
            bytes, FrameHeader(first: 0x82, isMasked: true, maskingKey: 0x3D21_FA37, payloadLength: length))
    }

    @Test("a header that is not complete is awaited, however it comes", arguments: maskedHeaders)
    func incomplete(bytes: [UInt8], length: Int) {
        for count in 0..<bytes.count {
            #expect(scan([Array(bytes[..<count])], masked: true) == .incomplete)
            #expect(scan(bytes[..<count].map { [$0] }, masked: true) == .incomplete)
        }
    }

    private static let forbidden: [(bytes: [UInt8], masked: Bool, violation: ProtocolViolation)] = [
        // 5.1: the mask, told by the second byte.
        ([0x82, 0x05], true, .missingMask), ([0x82, 0x7E], true, .missingMask),
        ([0x82, 0x85], false, .unexpectedMask), ([0x82, 0xFF], false, .unexpectedMask),
        // 5.2: the shortest form, and no top bit.
        ([0x82, 0x7E, 0x00, 0x7D], false, .nonMinimalLength),
        ([0x82, 0x7E, 0x00, 0x00], false, .nonMinimalLength),
        ([0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], false, .nonMinimalLength),
        ([0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], false, .lengthTopBitSet),
        ([0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], false, .lengthTopBitSet),
        ([0x82, 0xFE, 0x00, 0x7D, 1, 2, 3, 4], true, .nonMinimalLength),
        ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1, 2, 3, 4], true, .nonMinimalLength),
        ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], true, .lengthTopBitSet),
    ]

    @Test("what 5.1 and 5.2 forbid is found at every split", arguments: forbidden)
    func violation(bytes: [UInt8], masked: Bool, violation: ProtocolViolation) {
        for payload in [[], [UInt8](repeating: 0, count: 12)] {
            let stream = bytes + payload
            for (first, second) in everyCut(stream) {
                #expect(scan([first, second], masked: masked) == .violation(violation))
            }
            #expect(scan(stream.map { [$0] }, masked: masked) == .violation(violation))
        }
    }

    @Test("headers one behind the other are read each from its place")
    func train() throws {
        let bytes: [UInt8] = [0x01, 0x00, 0x80, 0x7E, 0x01, 0x00, 0x89, 0x00]
        for (first, second) in everyCut(bytes) {
            var scanner = FrameScanner(expectsMask: false)
            var lengths: [Int] = []
            for piece in [first, second] {
                var position = 0
                while position < piece.count, let header = try scanner.header(piece.span, at: &position) {
                    lengths.append(header.payloadLength)
                }
            }
            #expect(lengths == [0, 256, 0])
            #expect(!scanner.isMidHeader)
        }
    }
}
