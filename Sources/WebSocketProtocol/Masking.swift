/// The masking key as it applies from one payload byte on (RFC 6455, 5.3): byte `i` from there is XORed with byte
/// `i % 4`.
struct MaskPhase {
    /// The key turned so that its lowest byte is the next one's, twice.
    let word: UInt64

    init(word: UInt64) { self.word = word }

    init(key: UInt32, offset: Int) {
        let phase = UInt32(truncatingIfNeeded: offset & 3) * 8
        let turned = key >> phase | (phase == 0 ? 0 : key << (32 - phase))
        word = UInt64(turned) | UInt64(turned) << 32
    }

    /// For the byte so many places on.
    @inline(__always)
    func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: word >> (UInt64(index & 3) &* 8)) }

    /// For the eight bytes so many places on.
    @inline(__always)
    func word(_ index: Int) -> UInt64 {
        let turn = UInt64(index & 3) &* 8
        return turn == 0 ? word : word >> turn | word << (64 &- turn)
    }
}

/// XORs a payload with its masking key in place (RFC 6455, 5.3); the same again takes the mask off.
///
/// - Parameters:
///   - bytes: memory that holds the payload.
///   - range: the payload's place; one that does not fit is cut to what does.
///   - key: the four bytes in memory order, as `FrameHeader.maskingKey`.
///   - offset: how many payload bytes of the frame came before these: the phase of the key.
package func applyMask(_ bytes: inout MutableSpan<UInt8>, in range: Range<Int>, key: UInt32, offset: Int) {
    guard key != 0 else { return }
    let phase = MaskPhase(key: key, offset: offset)
    // Raw memory: vectors at any alignment.
    unsafe bytes.withUnsafeMutableBytes { all in
        let raw = unsafe UnsafeMutableRawBufferPointer(rebasing: all[range.clamped(to: 0..<all.count)])
        guard let start = raw.baseAddress else { return }
        unsafe xor(start, raw.count, phase)
    }
}

/// 64 bytes at a time in vector registers, then 8, then what is left one by one.
private func xor(_ start: UnsafeMutableRawPointer, _ count: Int, _ phase: MaskPhase) {
    typealias Vector = SIMD8<UInt64>
    let wide = Vector(repeating: phase.word)
    var index = 0
    while index &+ 64 <= count {
        let vector = unsafe start.loadUnaligned(fromByteOffset: index, as: Vector.self)
        unsafe start.storeBytes(of: vector ^ wide, toByteOffset: index, as: Vector.self)
        index &+= 64
    }
    while index &+ 8 <= count {
        let word = unsafe start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        unsafe start.storeBytes(of: word ^ phase.word, toByteOffset: index, as: UInt64.self)
        index &+= 8
    }
    while index < count {
        let byte = unsafe start.load(fromByteOffset: index, as: UInt8.self)
        unsafe start.storeBytes(of: byte ^ phase.byte(index), toByteOffset: index, as: UInt8.self)
        index &+= 1
    }
}

/// XORs all of `bytes`, with the same `key` and `offset`.
package func applyMask(_ bytes: inout MutableSpan<UInt8>, key: UInt32, offset: Int) {
    applyMask(&bytes, in: 0..<bytes.count, key: key, offset: offset)
}
