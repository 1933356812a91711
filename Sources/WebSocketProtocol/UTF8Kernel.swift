/// UTF-8 many bytes at a time. Reads through the masking key: text on its way to a backend is checked without being
/// unmasked in its place and masked again.
///
/// Raw pointers, because the loops below are only vector loops without a check at each access. Every one is bounded by
/// the count it is given.
enum UTF8Kernel {
    /// Bytes that are unmasked at a time; small enough for the first cache.
    private static let chunk = 1024

    /// Whether no byte is above 7F.
    static func isASCII(_ start: UnsafeRawPointer, _ count: Int, _ phase: MaskPhase) -> Bool {
        typealias Vector = SIMD4<UInt64>
        var index = 0
        var seen: UInt64 = 0
        if count >= 32 {
            let wide = Vector(repeating: phase.word)
            var all = Vector.zero
            while index &+ 32 <= count {
                all |= unsafe start.loadUnaligned(fromByteOffset: index, as: Vector.self) ^ wide
                index &+= 32
            }
            seen = all[0] | all[1] | all[2] | all[3]
        }
        while index &+ 8 <= count {
            seen |= unsafe start.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ phase.word
            index &+= 8
        }
        if index < count, count >= 8 {
            // The last eight once more, some of them seen before.
            let last = count &- 8
            seen |= unsafe start.loadUnaligned(fromByteOffset: last, as: UInt64.self) ^ phase.word(last)
        } else {
            while index < count {
                seen |= UInt64(
                    unsafe start.load(fromByteOffset: index, as: UInt8.self) ^ phase.byte(index))
                index &+= 1
            }
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    /// Whether the bytes, which begin at a character's first, are UTF-8 but for what may be missing at their end. `tail`
    /// gets the last three, zeros where there are fewer.
    static func isValid(
        _ start: UnsafeRawPointer, _ count: Int, _ phase: MaskPhase, tail: inout (UInt8, UInt8, UInt8)
    ) -> Bool {
        // Three bytes of what came before, then the chunk.
        unsafe withUnsafeTemporaryAllocation(byteCount: chunk + 3, alignment: 16) { scratch in
            guard let plain = scratch.baseAddress else { return false }
            unsafe plain.storeBytes(of: 0, as: UInt16.self)
            unsafe plain.storeBytes(of: 0, toByteOffset: 2, as: UInt8.self)
            var index = 0
            while index < count {
                let size = min(chunk, count &- index)
                unsafe unmask(start + index, size, MaskPhase(word: phase.word(index)), to: plain + 3)
                guard unsafe errors(plain, size) == 0 else { return false }
                unsafe plain.copyMemory(from: plain + size, byteCount: 3)
                index &+= size
            }
            unsafe tail = (
                plain.load(as: UInt8.self), plain.load(fromByteOffset: 1, as: UInt8.self),
                plain.load(fromByteOffset: 2, as: UInt8.self)
            )
            return true
        }
    }

    private static func unmask(
        _ start: UnsafeRawPointer, _ count: Int, _ phase: MaskPhase, to plain: UnsafeMutableRawPointer
    ) {
        var index = 0
        while index &+ 8 <= count {
            let word = unsafe start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            unsafe plain.storeBytes(of: word ^ phase.word, toByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        while index < count {
            let byte = unsafe start.load(fromByteOffset: index, as: UInt8.self)
            unsafe plain.storeBytes(of: byte ^ phase.byte(index), toByteOffset: index, as: UInt8.self)
            index &+= 1
        }
    }

    /// Not 0 when one of `count` bytes from the fourth on can't stand where it does (RFC 3629, 4). Each is judged by
    /// itself and the three before it, so that the compiler can judge many at once: no step depends on another.
    private static func errors(_ plain: UnsafeMutableRawPointer, _ count: Int) -> UInt8 {
        let bytes = unsafe plain.assumingMemoryBound(to: UInt8.self)
        var errors: UInt8 = 0
        for index in 0..<count {
            let byte = unsafe bytes[index &+ 3]
            let first = unsafe bytes[index &+ 2]
            let second = unsafe bytes[index &+ 1]
            let third = unsafe bytes[index]
            // 80 to BF stand behind C0 and up, two behind E0 and up, three behind F0 and up, and nowhere else.
            let continues: UInt8 = byte & 0xC0 == 0x80 ? 1 : 0
            let mustContinue: UInt8 = (first >= 0xC0 || second >= 0xE0 || third >= 0xF0) ? 1 : 0
            errors |= continues ^ mustContinue
            // Overlong forms of two bytes, and what would lie beyond U+10FFFF.
            errors |= (byte & 0xFE == 0xC0 || byte >= 0xF5) ? 1 : 0
            // Overlong forms of three and four bytes, surrogates, and again what lies beyond.
            errors |= (first == 0xE0 && byte < 0xA0) ? 1 : 0
            errors |= (first == 0xED && byte > 0x9F) ? 1 : 0
            errors |= (first == 0xF0 && byte < 0x90) ? 1 : 0
            errors |= (first == 0xF4 && byte > 0x8F) ? 1 : 0
        }
        return errors
    }
}
