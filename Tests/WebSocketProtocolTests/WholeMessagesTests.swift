import BasicContainers
import Chance
import Testing
import WebSocketProtocol

@Suite("Whole messages")
struct WholeMessagesTests {
    /// What a stream says, by either way.
    private struct Seen: Equatable {
        var sizes: [Int] = []
        var texts = 0
        var slices = 0
        var violation: ProtocolViolation?
    }

    private let limits = FrameLimits(frame: 2_000, message: 2_000)

    /// Reads pieces; a message of one frame that is whole in its piece counts alike by whichever way it was read.
    private func read(_ pieces: [[UInt8]], fromClient: Bool, usesRuns: Bool) -> Seen {
        var reader = FrameReader(fromClient: fromClient, limits: limits, allowsCompression: false)
        var run = WholeMessages()
        var seen = Seen()
        for piece in pieces {
            var position = 0
            do throws(ProtocolViolation) {
                while position < piece.count {
                    if usesRuns {
                        reader.wholeMessages(piece.span, from: position, into: &run)
                        #expect(run.end >= position && run.end <= piece.count)
                        let sizes = (0..<run.count).map { run.size($0) }
                        #expect(run.smallest == sizes.min() ?? 0 && run.largest == sizes.max() ?? 0)
                        #expect(run.total == sizes.reduce(0, +))
                        seen.sizes += sizes
                        seen.texts += run.texts
                        position = run.end
                    }
                    guard let slice = try reader.next(piece.span, from: &position) else { break }
                    if slice.beginsMessage, slice.endsMessage {
                        if slice.beginsPlainText { try check(piece, slice) }
                        seen.sizes.append(slice.payload.count)
                        seen.texts += slice.beginsPlainText ? 1 : 0
                    } else {
                        seen.slices += 1
                    }
                }
            } catch {
                seen.violation = error
                return seen
            }
        }
        return seen
    }

    private func check(_ piece: [UInt8], _ slice: FrameSlice) throws(ProtocolViolation) {
        var text = UTF8Validator()
        let payload = piece.span.extracting(slice.payload)
        guard text.accept(payload, key: slice.header.maskingKey, offset: 0), text.isComplete else {
            throw .invalidUTF8
        }
    }

    private func frame(
        _ opcode: Opcode, _ payload: [UInt8], fin: Bool = true, rsv1: Bool = false, masked: Bool
    ) -> [UInt8] {
        wire {
            FrameWriter.append(
                opcode, fin: fin, rsv1: rsv1, payload: payload.span, maskingKey: masked ? 0xA1B2_C3D4 : nil,
                to: &$0)
        }
    }

    private func stream(_ random: inout SplitMix, masked: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int(random.next() % 80) {
            let payload = [UInt8](
                repeating: UInt8(65 + random.next() % 26),
                count: Int([0, 1, 5, 125, 126, 300].randomElement(using: &random) ?? 0))
            switch random.next() % 12 {
            case 0: bytes += frame(.ping, Array(payload.prefix(20)), masked: masked)
            case 1:
                bytes += frame(.text, payload, fin: false, masked: masked)
                bytes += frame(.continuation, payload, masked: masked)
            case 2: bytes += frame(.text, Array("grün € 𝄞".utf8), masked: masked)
            case 3...6: bytes += frame(.binary, payload, masked: masked)
            default: bytes += frame(.text, payload, masked: masked)
            }
        }
        // What breaks a rule comes last, if at all.
        switch random.next() % 8 {
        case 0: bytes += frame(.text, [0xFF, 0x41], masked: masked)
        case 1: bytes += frame(.binary, [UInt8](repeating: 0, count: 2_001), masked: masked)
        case 2: bytes += frame(.text, [65], rsv1: true, masked: masked)
        case 3: bytes += frame(.continuation, [65], masked: masked)
        case 4: bytes += frame(.text, [65], masked: !masked)
        case 5: bytes += frame(.text, [0xE2, 0x82], masked: masked)
        default: break
        }
        return bytes
    }

    @Test("say what frame by frame says, however the stream is cut", arguments: [true, false])
    func twin(masked: Bool) {
        var random = SplitMix(seed: masked ? 1 : 2)
        for _ in 0..<400 {
            let bytes = stream(&random, masked: masked)
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int(random.next() % 2_000) + 1)
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            let fast = read(pieces, fromClient: masked, usesRuns: true)
            #expect(fast == read(pieces, fromClient: masked, usesRuns: false))
        }
    }

    @Test("stop where the next one is not whole, not allowed or not of that kind")
    func stops() {
        let one = frame(.text, [65, 66], masked: true)
        let cases: [[UInt8]] = [
            [], [0x81], Array(one.dropLast()), frame(.ping, [], masked: true),
            frame(.text, [65], fin: false, masked: true), frame(.text, [0xC0], masked: true),
            frame(.binary, [UInt8](repeating: 1, count: 2_001), masked: true),
            frame(.text, [65], masked: false),
            frame(.text, [65], rsv1: true, masked: true),
            // Longer forms of a length than it needs (RFC 6455, 5.2).
            [0x82, 0xFE, 0, 1, 0, 0, 0, 0, 9, 9, 9],
        ]
        for next in cases {
            let reader = FrameReader(fromClient: true, limits: limits, allowsCompression: true)
            var run = WholeMessages()
            reader.wholeMessages((one + one + next).span, from: one.count, into: &run)
            #expect(run.count == 1 && run.end == 2 * one.count && run.texts == 1 && run.size(0) == 2)
        }
    }

    @Test("are none in the middle of a header, a frame or a message")
    func inTheMiddle() throws {
        let whole = frame(.binary, [1, 2, 3, 4, 5, 6, 7, 8, 9], masked: true)
        let starts = [
            Array(whole.prefix(1)), Array(whole.prefix(9)), frame(.text, [65], fin: false, masked: true),
        ]
        for begun in starts {
            var reader = FrameReader(fromClient: true, limits: limits, allowsCompression: false)
            var position = 0
            while try reader.next(begun.span, from: &position) != nil {}
            var run = WholeMessages()
            reader.wholeMessages((whole + whole).span, from: 0, into: &run)
            #expect(run.count == 0 && run.end == 0)
        }
    }

    @Test("are told of so many at once, and of the rest by another call")
    func many() {
        let bytes = (0..<100).flatMap { frame(.binary, [UInt8($0)], masked: true) }
        let reader = FrameReader(fromClient: true, limits: limits, allowsCompression: false)
        var run = WholeMessages()
        var counts: [Int] = []
        repeat {
            reader.wholeMessages(bytes.span, from: run.end, into: &run)
            counts.append(run.count)
        } while run.end < bytes.count && run.count > 0
        #expect(counts == [32, 32, 32, 4])
    }
}
