/// SHA-1 (RFC 3174), which RFC 6455, 1.3 uses as a fixed transformation of a key. It protects nothing here, and this
/// module is to stay free of C libraries.
enum SHA1 {
    private typealias State = (a: UInt32, b: UInt32, c: UInt32, d: UInt32, e: UInt32)
    private static let start: State = (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0)

    /// The digest of a message of 60 bytes, as an answer to a key is: of its two blocks the second one is always the same.
    ///
    /// - Parameter message: in words of four bytes, the first of them highest.
    static func digest(of message: InlineArray<15, UInt32>) -> InlineArray<20, UInt8> {
        var state = start
        var words = Words(repeating: 0)
        for t in message.indices { words[t] = message[t] }
        words[15] = 0x8000_0000
        schedule(&words)
        mix(words, into: &state)
        mix(lengthOf60, into: &state)
        return bytes(state)
    }

    private static let lengthOf60: Words = {
        var words = Words(repeating: 0)
        words[15] = 60 * 8
        schedule(&words)
        return words
    }()

    static func digest(_ message: Span<UInt8>) -> InlineArray<20, UInt8> {
        var state = start
        // A byte and the length follow the message, to the end of a block.
        let blocks = (message.count + 8) / 64 + 1
        for block in 0..<blocks {
            var words = Words(repeating: 0)
            for t in 0..<16 { words[t] = word(message, at: 64 * block + 4 * t) }
            if block == blocks - 1 {
                let bits = UInt64(message.count) * 8
                words[14] = UInt32(truncatingIfNeeded: bits >> 32)
                words[15] = UInt32(truncatingIfNeeded: bits)
            }
            schedule(&words)
            mix(words, into: &state)
        }
        return bytes(state)
    }

    private static func bytes(_ state: State) -> InlineArray<20, UInt8> {
        let whole: InlineArray<5, UInt32> = [state.a, state.b, state.c, state.d, state.e]
        return InlineArray { UInt8(truncatingIfNeeded: whole[$0 / 4] >> UInt32(24 - $0 % 4 * 8)) }
    }

    private typealias Words = InlineArray<80, UInt32>

    /// Four bytes of the message, of the byte behind it, and of the nothing behind that.
    private static func word(_ message: Span<UInt8>, at start: Int) -> UInt32 {
        guard start <= message.count else { return 0 }
        guard start + 4 > message.count else {
            return UInt32(message[start]) << 24 | UInt32(message[start + 1]) << 16
                | UInt32(message[start + 2]) << 8 | UInt32(message[start + 3])
        }
        var word: UInt32 = 0
        for index in start..<(start + 4) {
            let byte = index < message.count ? message[index] : index == message.count ? 0x80 : 0
            word = word << 8 | UInt32(byte)
        }
        return word
    }

    private static func schedule(_ words: inout Words) {
        for t in 16..<80 {
            words[t] = rotate(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1)
        }
    }

    private static func mix(_ words: borrowing Words, into state: inout State) {
        let schedule = words.span
        var now = state
        for t in stride(from: 0, to: 20, by: 5) {
            rounds(&now, five(schedule, t), 0x5A82_7999) { b, c, d in (b & c) | (~b & d) }
        }
        for t in stride(from: 20, to: 40, by: 5) {
            rounds(&now, five(schedule, t), 0x6ED9_EBA1) { b, c, d in b ^ c ^ d }
        }
        for t in stride(from: 40, to: 60, by: 5) {
            rounds(&now, five(schedule, t), 0x8F1B_BCDC) { b, c, d in (b & c) | (b & d) | (c & d) }
        }
        for t in stride(from: 60, to: 80, by: 5) {
            rounds(&now, five(schedule, t), 0xCA62_C1D6) { b, c, d in b ^ c ^ d }
        }
        state.a &+= now.a
        state.b &+= now.b
        state.c &+= now.c
        state.d &+= now.d
        state.e &+= now.e
    }

    /// Five words of the schedule.
    @inline(__always)
    private static func five(_ words: Span<UInt32>, _ t: Int) -> State {
        (words[t], words[t + 1], words[t + 2], words[t + 3], words[t + 4])
    }

    /// Five rounds, after which each word stands where it was: none is moved.
    @inline(__always)
    private static func rounds(
        _ now: inout State, _ words: State, _ k: UInt32, _ f: (UInt32, UInt32, UInt32) -> UInt32
    ) {
        now.e &+= rotate(now.a, 5) &+ f(now.b, now.c, now.d) &+ k &+ words.a
        now.b = rotate(now.b, 30)
        now.d &+= rotate(now.e, 5) &+ f(now.a, now.b, now.c) &+ k &+ words.b
        now.a = rotate(now.a, 30)
        now.c &+= rotate(now.d, 5) &+ f(now.e, now.a, now.b) &+ k &+ words.c
        now.e = rotate(now.e, 30)
        now.b &+= rotate(now.c, 5) &+ f(now.d, now.e, now.a) &+ k &+ words.d
        now.d = rotate(now.d, 30)
        now.a &+= rotate(now.b, 5) &+ f(now.c, now.d, now.e) &+ k &+ words.e
        now.c = rotate(now.c, 30)
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &<< count | word &>> (32 &- count)
    }
}
