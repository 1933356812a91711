/// SHA-1 (RFC 3174), which RFC 6455, 1.3 uses as a fixed transformation of a key. It protects nothing here, and this
/// module is to stay free of C libraries.
enum SHA1 {
    private typealias State = (a: UInt32, b: UInt32, c: UInt32, d: UInt32, e: UInt32)

    static func digest(_ message: [UInt8]) -> [UInt8] {
        var state: State = (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0)
        var padded = message
        padded.reserveCapacity(message.count + 72)
        padded.append(0x80)
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) * 8
        for shift in stride(from: 56, through: 0, by: -8) {
            padded.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
        for start in stride(from: 0, to: padded.count, by: 64) { mix(padded.span, start, into: &state) }
        var digest: [UInt8] = []
        digest.reserveCapacity(20)
        append(state.a, to: &digest)
        append(state.b, to: &digest)
        append(state.c, to: &digest)
        append(state.d, to: &digest)
        append(state.e, to: &digest)
        return digest
    }

    private static func append(_ word: UInt32, to digest: inout [UInt8]) {
        digest.append(UInt8(truncatingIfNeeded: word >> 24))
        digest.append(UInt8(truncatingIfNeeded: word >> 16))
        digest.append(UInt8(truncatingIfNeeded: word >> 8))
        digest.append(UInt8(truncatingIfNeeded: word))
    }

    private static func mix(_ bytes: Span<UInt8>, _ start: Int, into state: inout State) {
        var words = InlineArray<16, UInt32>(repeating: 0)
        for t in 0..<16 {
            let at = start + 4 * t
            words[t] =
                UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8
                | UInt32(bytes[at + 3])
        }
        var now = state
        for t in 0..<16 { step(&now, (now.b & now.c) | (~now.b & now.d), 0x5A82_7999, words[t]) }
        for t in 16..<20 { step(&now, (now.b & now.c) | (~now.b & now.d), 0x5A82_7999, next(&words, t)) }
        for t in 20..<40 { step(&now, now.b ^ now.c ^ now.d, 0x6ED9_EBA1, next(&words, t)) }
        for t in 40..<60 {
            let majority = (now.b & now.c) | (now.b & now.d) | (now.c & now.d)
            step(&now, majority, 0x8F1B_BCDC, next(&words, t))
        }
        for t in 60..<80 { step(&now, now.b ^ now.c ^ now.d, 0xCA62_C1D6, next(&words, t)) }
        state.a &+= now.a
        state.b &+= now.b
        state.c &+= now.c
        state.d &+= now.d
        state.e &+= now.e
    }

    /// The schedule's word for a round after the sixteenth; sixteen are kept.
    @inline(__always)
    private static func next(_ words: inout InlineArray<16, UInt32>, _ t: Int) -> UInt32 {
        let word = rotate(words[(t + 13) & 15] ^ words[(t + 8) & 15] ^ words[(t + 2) & 15] ^ words[t & 15], 1)
        words[t & 15] = word
        return word
    }

    @inline(__always)
    private static func step(_ now: inout State, _ f: UInt32, _ k: UInt32, _ word: UInt32) {
        let next = rotate(now.a, 5) &+ f &+ now.e &+ k &+ word
        now = (next, now.a, rotate(now.b, 30), now.c, now.d)
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &<< count | word &>> (32 &- count)
    }
}
