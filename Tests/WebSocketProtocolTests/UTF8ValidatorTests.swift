import Testing
import WebSocketProtocol

@Suite("UTF-8")
struct UTF8ValidatorTests {
    private func isValid(_ bytes: [UInt8], split: Int? = nil) -> Bool {
        var validator = UTF8Validator()
        for piece in split.map({ [Array(bytes[..<$0]), Array(bytes[$0...])] }) ?? [bytes] {
            guard validator.accept(piece.span) else { return false }
        }
        return validator.isComplete
    }

    /// The same through a mask, which must stay on.
    private func isValidMasked(_ bytes: [UInt8], split: Int) -> Bool {
        let key: UInt32 = 0x9D03_E8FF
        var masked = bytes
        var span = masked.mutableSpan
        applyMask(&span, key: key, offset: 1)
        let before = masked
        var validator = UTF8Validator()
        let isText =
            validator.accept(Array(masked[..<split]).span, key: key, offset: 1)
            && validator.accept(Array(masked[split...]).span, key: key, offset: 1 + split)
        #expect(masked == before)
        return isText && validator.isComplete
    }

    private func expectAgreement(_ bytes: [UInt8], splits: some Sequence<Int>) {
        let expected = String(validating: bytes, as: UTF8.self) != nil
        #expect(isValid(bytes) == expected)
        for split in splits {
            #expect(isValid(bytes, split: split) == expected)
            #expect(isValidMasked(bytes, split: split) == expected)
        }
    }

    private static let edgeCases: [[UInt8]] = [
        [], Array("κόσμε𝄞 plain".utf8), [0xC0, 0x80], [0xC1, 0xBF], [0xC2, 0x80], [0xDF, 0xBF],
        [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
        [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
        [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0x80], [0xBF], [0xC2], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xFE], [0xFF],
        [0xC2, 0x41], [0xE2, 0x82, 0x41], [0xF0, 0x9F, 0x98, 0x41], [0xC2, 0x80, 0x80],
        [0xE2, 0xC2, 0x80], [0xF0, 0xF0, 0x9F, 0x98],
    ]

    @Test("agrees with the standard library on edge cases and noise, at every split, masked and not")
    func twin() {
        var cases = Self.edgeCases
        var state: UInt64 = 7
        for _ in 0..<600 {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            cases.append(
                (0..<Int(state >> 60)).map { UInt8(truncatingIfNeeded: state >> (8 + 3 * UInt64($0))) })
        }
        for bytes in cases { expectAgreement(bytes, splits: 0...bytes.count) }
    }

    @Test("every two bytes, and every second and third byte behind each first, at once and byte by byte")
    func allShort() {
        var differences = 0
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                // A third and fourth that are right wherever one is wanted at all.
                for bytes in [
                    [first, second], [first, second, 0x80], [first, second, 0x80, 0x80],
                    [0x41, first, second],
                ] {
                    let expected = String(validating: bytes, as: UTF8.self) != nil
                    if isValid(bytes) != expected || isValid(bytes, split: 1) != expected { differences += 1 }
                }
            }
        }
        #expect(differences == 0)
    }

    @Test("each edge case at each place around the borders that a kernel works in", arguments: edgeCases)
    func borders(bytes: [UInt8]) {
        for lead in ["a", "é", "€", "😀"] {
            let filler = Array(String(repeating: lead, count: 1100).utf8)
            for length in [29, 61, 956, 957, 958, 959, 960, 961] {
                // Cut where a character begins.
                let size = lead.utf8.count
                let text = Array(filler[..<(length / size * size)]) + bytes + Array("tail €".utf8)
                expectAgreement(text, splits: [0, text.count, text.count / 2, 3].filter { $0 <= text.count })
            }
        }
    }

    @Test("a long text in any pieces", arguments: [1, 2, 3, 5, 64, 959, 960, 961, 1000, 4000])
    func pieces(size: Int) {
        let text = Array(String(repeating: "ticker Ünïcödé 株価 🙂 ", count: 300).utf8)
        for isBroken in [false, true] {
            var bytes = text
            if isBroken { bytes[bytes.count - 3] = 0xFF }
            var validator = UTF8Validator()
            var isText = true
            for start in stride(from: 0, to: bytes.count, by: size) where isText {
                isText = validator.accept(Array(bytes[start..<min(start + size, bytes.count)]).span)
            }
            #expect((isText && validator.isComplete) == !isBroken)
        }
    }
}
