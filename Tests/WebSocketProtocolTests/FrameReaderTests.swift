import BasicContainers
import Testing
import WebSocketProtocol

/// Reads a stream in pieces and puts messages back together.
private struct Collected: Equatable {
    var frames: [[UInt8]] = []
    var violation: ProtocolViolation?
}

private func read(
    _ bytes: [UInt8], split: [Int] = [], fromClient: Bool = true, limits: FrameLimits = FrameLimits(),
    compression: Bool = false
) -> Collected {
    var reader = FrameReader(fromClient: fromClient, limits: limits, allowsCompression: compression)
    var result = Collected()
    var start = 0
    for end in split + [bytes.count] {
        let piece = Array(bytes[start..<end])
        start = end
        var position = 0
        do throws(ProtocolViolation) {
            while let slice = try reader.next(piece.span, from: &position) {
                if slice.beginsFrame { result.frames.append([]) }
                var payload = piece
                var span = payload.mutableSpan
                applyMask(&span, in: slice.payload, key: slice.header.maskingKey, offset: slice.payloadOffset)
                result.frames[result.frames.count - 1] += payload[slice.payload]
            }
        } catch {
            result.violation = error
            return result
        }
    }
    return result
}

private func frame(
    _ opcode: Opcode, _ payload: [UInt8], fin: Bool = true, rsv1: Bool = false, key: UInt32? = 0x1122_3344
) -> [UInt8] {
    var output = UniqueArray<UInt8>()
    FrameWriter.append(opcode, fin: fin, rsv1: rsv1, payload: payload.span, maskingKey: key, to: &output)
    return (0..<output.count).map { output[$0] }
}

@Suite("Frame reader")
struct FrameReaderTests {
    @Test("the examples of RFC 6455, 5.7")
    func rfcExamples() {
        #expect(
            read([0x81, 5, 0x48, 0x65, 0x6C, 0x6C, 0x6F], fromClient: false).frames == [Array("Hello".utf8)])
        #expect(
            read([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]).frames == [
                Array("Hello".utf8)
            ])
    }

    @Test(
        "payloads of every length form come back", arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
    func lengths(count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        #expect(read(frame(.binary, payload)).frames == [payload])
        #expect(read(frame(.binary, payload, key: nil), fromClient: false).frames == [payload])
    }

    @Test("a stream reads the same at every split, and byte by byte")
    func everySplit() {
        let stream =
            frame(.text, Array("one".utf8), fin: false) + frame(.ping, [7])
            + frame(.continuation, Array("two".utf8))
            + frame(.binary, [UInt8](repeating: 9, count: 300)) + frame(.close, [3, 232])
        let whole = read(stream)
        #expect(whole.frames.count == 5 && whole.violation == nil)
        for split in 0...stream.count { #expect(read(stream, split: [split]) == whole) }
        #expect(read(stream, split: Array(0..<stream.count)) == whole)
    }

    @Test("the held part of a split header can be passed on as it came")
    func heldHeader() throws {
        let stream = frame(.binary, [UInt8](repeating: 1, count: 200))
        for split in 1..<8 {
            var reader = FrameReader(fromClient: true, limits: FrameLimits(), allowsCompression: false)
            var position = 0
            #expect(try reader.next(Array(stream[..<split]).span, from: &position) == nil)
            let rest = Array(stream[split...])
            position = 0
            let slice = try #require(try reader.next(rest.span, from: &position))
            var output = UniqueArray<UInt8>()
            reader.appendHeldHeader(to: &output)
            #expect((0..<output.count).map { output[$0] } + rest == stream)
            #expect(slice.heldHeader == split)
        }
    }

    @Test(
        "each violation is told by its name",
        arguments: [
            ([0x83, 0x80, 0, 0, 0, 0], ProtocolViolation.reservedOpcode(3)),
            ([0xC1, 0x80, 0, 0, 0, 0], .reservedBits(4)),
            ([0xA1, 0x80, 0, 0, 0, 0], .reservedBits(2)),
            ([0x81, 0x01, 0x41], .missingMask),
            ([0x09, 0x80, 0, 0, 0, 0], .fragmentedControlFrame),
            ([0x89, 0xFE, 0, 126, 0, 0, 0, 0], .controlFrameTooLong(126)),
            ([0x80, 0x80, 0, 0, 0, 0], .unexpectedContinuation),
            ([0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0], .expectedContinuation),
            ([0x82, 0xFE, 0, 125, 0, 0, 0, 0], .nonMinimalLength),
            ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0], .nonMinimalLength),
            ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .lengthTopBitSet),
        ] as [([UInt8], ProtocolViolation)])
    func violations(bytes: [UInt8], expected: ProtocolViolation) {
        #expect(read(bytes).violation == expected)
        #expect(read(bytes, split: Array(0..<bytes.count)).violation == expected)
        #expect(expected.closeCode == .protocolError && !expected.reason.isEmpty)
    }

    @Test("a masked frame from a server is refused")
    func maskedServer() { #expect(read(frame(.text, [65]), fromClient: false).violation == .unexpectedMask) }

    @Test("only what will be inflated may be a little over: it meets the limits once more, after that")
    func limitsOfCompressedPayload() {
        let limits = FrameLimits(frame: 10, message: 15)
        let eleven = [UInt8](repeating: 0, count: 11)
        var compressed = frame(.binary, eleven)
        compressed[0] |= 0x40
        for (bytes, inflates, isWithin) in [
            (frame(.binary, eleven), true, false), (compressed, true, true), (compressed, false, false),
        ] {
            var reader = FrameReader(
                fromClient: true, limits: limits, allowsCompression: true, inflates: inflates)
            var position = 0
            var violation: ProtocolViolation?
            do throws(ProtocolViolation) {
                _ = try reader.next(bytes.span, from: &position)
            } catch {
                violation = error
            }
            #expect(violation == (isWithin ? nil : .frameTooBig(11, limit: 10)))
        }
    }

    @Test("limits on frame, message and fragments hold, before any payload comes")
    func limits() {
        let limits = FrameLimits(frame: 10, message: 15, fragments: 3)
        #expect(
            read(frame(.binary, [UInt8](repeating: 0, count: 11)), limits: limits).violation
                == .frameTooBig(11, limit: 10))
        let ten = [UInt8](repeating: 0, count: 10)
        #expect(
            read(frame(.binary, ten, fin: false) + frame(.continuation, ten), limits: limits).violation
                == .messageTooBig(limit: 15))
        let train =
            frame(.binary, [], fin: false) + frame(.continuation, [], fin: false)
            + frame(.continuation, [], fin: false)
        #expect(read(train, limits: limits).violation == nil)
        #expect(
            read(train + frame(.continuation, []), limits: limits).violation == .tooManyFragments(limit: 3))
    }

    @Test("RSV1 is for the first frame of a message, once compression was agreed on")
    func compressedBit() {
        #expect(read(frame(.text, [1], rsv1: true), compression: true).violation == nil)
        #expect(
            read(
                frame(.text, [1], fin: false, rsv1: true) + frame(.continuation, [1], rsv1: true),
                compression: true
            )
            .violation?.closeCode == .protocolError)
        #expect(read(frame(.ping, [1], rsv1: true), compression: true).violation?.closeCode == .protocolError)
    }
}
