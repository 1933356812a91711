/// XORs a payload with its masking key in place (RFC 6455, 5.3); the same again takes the mask off.
///
/// - Parameters:
///   - bytes: memory that holds the payload.
///   - range: the payload's place; one that does not fit is cut to what does.
///   - key: the four bytes in memory order, as `FrameHeader.maskingKey`.
///   - offset: how many payload bytes of the frame came before these: the phase of the key.
package func applyMask(_ bytes: inout MutableSpan<UInt8>, in range: Range<Int>, key: UInt32, offset: Int) {
    guard key != 0 else { return }
    let phase = UInt32(truncatingIfNeeded: offset & 3) * 8
    let turned = key >> phase | (phase == 0 ? 0 : key << (32 - phase))
    let wide = UInt64(turned) | UInt64(turned) << 32
    // Raw memory: eight bytes at a time at any alignment, a loop that the compiler turns into vector instructions.
    unsafe bytes.withUnsafeMutableBytes { all in
        let raw = unsafe UnsafeMutableRawBufferPointer(rebasing: all[range.clamped(to: 0..<all.count)])
        let words = raw.count / 8
        for index in 0..<words {
            let word = unsafe raw.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)
            unsafe raw.storeBytes(of: word ^ wide, toByteOffset: index &* 8, as: UInt64.self)
        }
        for index in (words * 8)..<raw.count {
            unsafe raw[index] ^= UInt8(truncatingIfNeeded: wide >> (UInt64(index & 7) &* 8))
        }
    }
}

/// XORs all of `bytes`, with the same `key` and `offset`.
package func applyMask(_ bytes: inout MutableSpan<UInt8>, key: UInt32, offset: Int) {
    applyMask(&bytes, in: 0..<bytes.count, key: key, offset: offset)
}
