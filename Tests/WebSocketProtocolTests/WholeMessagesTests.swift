import BasicContainers
import Chance
import Testing
import WebSocketProtocol

@Suite("Whole messages")
struct WholeMessagesTests {
    /// What a stream says, by either way.
    private struct Seen: Equatable {
        /// Of about each size: how many there are, and the bytes of all together.
        var counts: [Int: Int] = [:]
        var totals: [Int: Int] = [:]
        var texts = 0
        var slices = 0
        var violation: ProtocolViolation?

        mutating func add(_ count: Int, like size: Int, total: Int) {
            let magnitude = (max(size, 1) - 1).leadingZeroBitCount
            counts[magnitude, default: 0] += count
            totals[magnitude, default: 0] += total
        }
    }

    private let limits = FrameLimits(frame: 2_000, message: 2_000)

    /// Reads pieces; a message of one frame that is whole in its piece counts alike by whichever way it was read.
    private func read(_ pieces: [[UInt8]], fromClient: Bool, usesRuns: Bool) -> Seen {
        var reader = FrameReader(fromClient: fromClient, limits: limits, allowsCompression: false)
        var seen = Seen()
        for piece in pieces {
            var position = 0
            do throws(ProtocolViolation) {
                while position < piece.count {
                    if usesRuns {
                        let run = reader.wholeMessages(piece.span, from: position)
                        #expect(run.end >= position && run.end <= piece.count)
                        if run.count > 0 { seen.add(run.count, like: run.last, total: run.total) }
                        seen.texts += run.texts
                        let isOn = run.end > position
                        position = run.end
                        if isOn { continue }
                    }
                    guard let slice = try reader.next(piece.span, from: &position) else { break }
                    if slice.beginsMessage, slice.endsMessage {
                        if slice.beginsPlainText { try check(piece, slice) }
                        seen.add(1, like: slice.payload.count, total: slice.payload.count)
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
            var reader = FrameReader(fromClient: true, limits: limits, allowsCompression: true)
            let run = reader.wholeMessages((one + one + next).span, from: one.count)
            #expect(run.count == 1 && run.end == 2 * one.count && run.texts == 1 && run.last == 2)
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
            let run = reader.wholeMessages((whole + whole).span, from: 0)
            #expect(run.count == 0 && run.end == 0)
        }
    }

    @Test("are told of at once as long as their sizes are about the same, and of the rest by another call")
    func many() {
        let sizes = [0, 1, 1, 2, 17, 32, 20, 33, 64, 32]
        let bytes = sizes.flatMap { frame(.binary, [UInt8](repeating: 9, count: $0), masked: true) }
        var reader = FrameReader(fromClient: true, limits: limits, allowsCompression: false)
        var counts: [Int] = []
        var end = 0
        repeat {
            let run = reader.wholeMessages(bytes.span, from: end)
            counts.append(run.count)
            end = run.end
        } while end < bytes.count && counts.last != 0
        #expect(counts == [3, 1, 3, 2, 1])
    }
}
