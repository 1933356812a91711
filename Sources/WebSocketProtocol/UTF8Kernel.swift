/// UTF-8 many bytes at a time. Reads through the masking key: text on its way to a backend is checked without being
/// unmasked in its place and masked again.
///
/// Raw pointers, because the loops below are only vector loops without a check at each access. Every one is bounded by
/// the count it is given.
enum UTF8Kernel {
    /// Bytes that are unmasked at a time; with the carry small enough for the stack (1 KiB, or it would be the heap).
    private static let chunk = 960
    /// How much of what came before stands in front of them: 32 for a last vector that reaches back, three for what it
    /// looks at, and one that makes the sum even.
    private static let carry = 36

    private typealias Vector = SIMD4<UInt64>

    /// Whether no byte is above 7F.
    static func isASCII(_ start: UnsafeRawPointer, _ count: Int, _ phase: MaskPhase) -> Bool {
        var index = 0
        var seen: UInt64 = 0
        if count >= 32 {
            let wide = Vector(repeating: phase.word)
            var all = Vector.zero
            while index &+ 64 <= count {
                let next = unsafe start + index
                all |= unsafe next.loadUnaligned(as: Vector.self) ^ wide
                all |= unsafe next.loadUnaligned(fromByteOffset: 32, as: Vector.self) ^ wide
                index &+= 64
            }
            if index &+ 32 <= count {
                all |= unsafe start.loadUnaligned(fromByteOffset: index, as: Vector.self) ^ wide
                index &+= 32
            }
            if index == count { return (all[0] | all[1] | all[2] | all[3]) & 0x8080_8080_8080_8080 == 0 }
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

    /// Whether the bytes, which begin at a character's first, are UTF-8 but for what may be missing at their end, or
    /// wrong with the very last one. `tail` gets the last three, zeros where there are fewer.
    static func isValid(
        _ start: UnsafeRawPointer, _ count: Int, _ phase: MaskPhase, tail: inout (UInt8, UInt8, UInt8)
    ) -> Bool {
        unsafe withUnsafeTemporaryAllocation(byteCount: carry + chunk, alignment: 32) { scratch in
            guard let plain = scratch.baseAddress else { return false }
            // What came before: nothing yet.
            unsafe plain.initializeMemory(as: UInt8.self, repeating: 0, count: carry)
            var index = 0
            while index < count {
                let size = min(chunk, count &- index)
                unsafe unmask(start + index, size, MaskPhase(word: phase.word(index)), to: plain + carry)
                guard unsafe isValid(plain, size) else { return false }
                unsafe plain.copyMemory(from: plain + size, byteCount: carry)
                index &+= size
            }
            let last = unsafe plain + carry - 3
            unsafe tail = (
                last.load(as: UInt8.self), last.load(fromByteOffset: 1, as: UInt8.self),
                last.load(fromByteOffset: 2, as: UInt8.self)
            )
            return true
        }
    }

    private static func unmask(
        _ start: UnsafeRawPointer, _ count: Int, _ phase: MaskPhase, to plain: UnsafeMutableRawPointer
    ) {
        let wide = Vector(repeating: phase.word)
        var index = 0
        while index &+ 32 <= count {
            let vector = unsafe start.loadUnaligned(fromByteOffset: index, as: Vector.self)
            unsafe plain.storeBytes(of: vector ^ wide, toByteOffset: index, as: Vector.self)
            index &+= 32
        }
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

    /// Judges `count` bytes behind the carry, 32 at a time; the last 32 may reach back into what was judged before.
    private static func isValid(_ plain: UnsafeMutableRawPointer, _ count: Int) -> Bool {
        var errors = Vector.zero
        var index = 0
        while index &+ 32 <= count {
            unsafe errors |= judged(plain + carry + index)
            index &+= 32
        }
        if index < count { unsafe errors |= judged(plain + carry + count - 32) }
        return (errors[0] | errors[1] | errors[2] | errors[3]) & 0x8080_8080_8080_8080 == 0
    }

    /// The top bit of each of 32 bytes is set when it can't stand where it does (RFC 3629, 4), or the one before it can't
    /// stand anywhere.
    ///
    /// Only the top bits count. A sum with itself shifts left by one, so that the top bit of `name`, `name1`, `name2` … is
    /// bit 7, 6, 5 … of the byte; what spills over from the byte below never reaches it. Bit by bit, because comparing
    /// vectors is slow in the standard library.
    @inline(__always)
    private static func judged(_ place: UnsafeMutableRawPointer) -> Vector {
        let byte = unsafe place.loadUnaligned(as: Vector.self)
        let first = unsafe (place - 1).loadUnaligned(as: Vector.self)
        let second = unsafe (place - 2).loadUnaligned(as: Vector.self)
        let third = unsafe (place - 3).loadUnaligned(as: Vector.self)
        let byte1 = byte &+ byte
        let byte2 = byte1 &+ byte1
        let byte3 = byte2 &+ byte2
        let first1 = first &+ first
        let first2 = first1 &+ first1
        let first3 = first2 &+ first2
        let first4 = first3 &+ first3
        let first5 = first4 &+ first4
        let first6 = first5 &+ first5
        let first7 = first6 &+ first6
        // The one before begins two bytes or more, three or more, four.
        let two = first & first1
        let three = two & first2
        let four = three & first3
        // 80 to BF stand behind C0 and up, two behind E0 and up, three behind F0 and up, and nowhere else.
        let continues = byte & ~byte1
        var errors = continues ^ (two | continued(behind: second, third))
        let lowest = first6 | first7
        // C0 and C1 would be overlong; F5 and up lie beyond U+10FFFF.
        errors |= two & ~(first2 | first3 | first4 | first5 | first6)
        errors |= four & (first4 | (first5 & lowest))
        // E0 and then below A0: overlong. ED and then above 9F: a surrogate.
        errors |= three & ~(first3 | first4 | first5 | lowest | byte2)
        errors |= three & ~(first3 | first6) & first4 & first5 & first7 & byte2
        // F0 and then below 90: overlong. F4 and then above 8F: beyond U+10FFFF.
        errors |= four & ~(first4 | first5 | lowest | byte2 | byte3)
        errors |= four & ~(first4 | lowest) & first5 & (byte2 | byte3)
        return errors
    }

    /// Where the second byte before begins three or more, or the third before begins four.
    @inline(__always)
    private static func continued(behind second: Vector, _ third: Vector) -> Vector {
        let second1 = second &+ second
        let third1 = third &+ third
        let third2 = third1 &+ third1
        return (second & second1 & (second1 &+ second1)) | (third & third1 & third2 & (third2 &+ third2))
    }
}
