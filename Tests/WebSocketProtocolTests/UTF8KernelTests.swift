import Testing

@testable import WebSocketProtocol

/// The kernel alone; `UTF8ValidatorTests` has what becomes of it with texts in pieces.
@Suite("UTF-8 kernel")
struct UTF8KernelTests {
    /// A key of four different bytes, one with the top bit, so that neither a wrong phase nor none goes unseen.
    private static let key: [UInt8] = [0xA1, 0x5C, 0x03, 0x7E]

    private func phase(_ offset: Int) -> MaskPhase { MaskPhase(key: 0x7E03_5CA1, offset: offset) }

    private func mask(_ bytes: [UInt8], _ offset: Int) -> [UInt8] {
        bytes.enumerated().map { $1 ^ Self.key[($0 + offset) % 4] }
    }

    private func isASCII(_ bytes: [UInt8], _ phase: MaskPhase = MaskPhase(word: 0)) -> Bool {
        unsafe bytes.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return true }
            return unsafe UTF8Kernel.isASCII(start, raw.count, phase)
        }
    }

    /// Whether the bytes may be UTF-8, and the last three of them.
    private func judge(
        _ bytes: [UInt8], _ phase: MaskPhase = MaskPhase(word: 0)
    ) -> (isValid: Bool, tail: [UInt8]) {
        var tail: (UInt8, UInt8, UInt8) = (0, 0, 0)
        let isValid = unsafe bytes.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return true }
            return unsafe UTF8Kernel.isValid(start, raw.count, phase, tail: &tail)
        }
        return (isValid, [tail.0, tail.1, tail.2])
    }

    // Around the widths it works in: 8 and 32 bytes, and 960 that are unmasked at a time.
    private static let counts = Array(0...100) + Array(955...970) + Array(1915...1930)

    @Test("7F is ASCII and 80 is not, at every place, through every phase of a mask")
    func ascii() {
        for count in Array(0...75) {
            let plain = [UInt8](repeating: 0x7F, count: count)
            for offset in 0..<4 { #expect(isASCII(mask(plain, offset), phase(offset))) }
            for place in 0..<count {
                var broken = plain
                broken[place] = 0x80
                #expect(!isASCII(broken))
                #expect(!isASCII(mask(broken, place % 4), phase(place % 4)))
            }
        }
    }

    @Test("a byte that stands nowhere is found at every place but the very last", arguments: counts)
    func misplaced(count: Int) {
        let plain = [UInt8](repeating: 0x61, count: count)
        #expect(judge(plain).isValid)
        for wrong: UInt8 in [0xC0, 0xF5, 0xFF] where count >= 2 {
            // All places of short texts, those around the borders of long ones.
            for place in 0..<(count - 1) where count <= 100 || place % 32 > 28 || place > count - 34 {
                var broken = plain
                broken[place] = wrong
                #expect(!judge(broken).isValid, "\(wrong) at \(place) of \(count)")
            }
        }
    }

    @Test("a lone continuation is found at every place, the last one too", arguments: counts)
    func lone(count: Int) {
        for place in 0..<count where count <= 100 || place % 32 > 28 || place > count - 34 {
            var broken = [UInt8](repeating: 0x61, count: count)
            broken[place] = 0x80
            #expect(!judge(broken).isValid, "at \(place) of \(count)")
        }
    }

    @Test("a character across each border, through every phase of a mask", arguments: ["é", "€", "🙂"])
    func across(character: String) {
        for lead in Array(0...40) + Array(925...965) {
            let bytes = [UInt8](repeating: 0x61, count: lead) + Array(character.utf8) + [0x7A, 0x7A]
            for offset in 0..<4 {
                #expect(judge(mask(bytes, offset), phase(offset)).isValid)
            }
            // Without its last byte what follows can't stand there.
            let broken = Array(bytes[..<(bytes.count - 3)]) + [0x7A, 0x7A]
            #expect(!judge(broken).isValid)
        }
    }

    @Test("the last three bytes come out unmasked, zeros before a text shorter than that")
    func tail() {
        #expect(judge([0x61]).tail == [0, 0, 0x61])
        #expect(judge([0x61, 0x62]).tail == [0, 0x61, 0x62])
        for count in Self.counts where count >= 3 {
            let bytes = [UInt8](repeating: 0x61, count: count - 3) + [0x62, 0xE2, 0x82]
            let judged = judge(mask(bytes, 2), phase(2))
            #expect(judged.isValid && judged.tail == [0x62, 0xE2, 0x82])
        }
    }
}
