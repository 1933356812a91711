/// Checks text as it comes, in any pieces, and fails at the first byte that can't belong to UTF-8 (RFC 3629, 4).
///
/// After a failure nothing more may be asked of it.
package struct UTF8Validator: Sendable {
    private var missing = 0
    // The range that the next byte must be in: narrower than 80-BF only right after E0, ED, F0 and F4, which keeps
    // out overlong forms, surrogates, and what lies beyond U+10FFFF.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    /// At the beginning of a text.
    package init() {}

    /// Whether the text may end here.
    package var isComplete: Bool { missing == 0 }

    /// Takes the next bytes; false when they are no UTF-8.
    package mutating func accept(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        // A character that earlier bytes began.
        while missing > 0, index < bytes.count {
            guard proceed(bytes[index]) else { return false }
            index += 1
        }
        while index < bytes.count {
            if bytes[index] < 0x80 {
                index = UTF8Validator.skipASCII(bytes, from: index + 1)
            } else if bytes.count - index >= 4 {
                let size = UTF8Validator.character(bytes, at: index)
                guard size > 0 else { return false }
                index += size
            } else {
                // The last three bytes may be the beginning of a character.
                guard proceed(bytes[index]) else { return false }
                index += 1
                while missing > 0, index < bytes.count {
                    guard proceed(bytes[index]) else { return false }
                    index += 1
                }
            }
        }
        return true
    }

    private static func skipASCII(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        guard index < bytes.count, bytes[index] < 0x80 else { return index }
        while index + 32 <= bytes.count {
            var seen: UInt8 = 0
            for step in 0..<32 { seen |= bytes[index &+ step] }
            guard seen < 0x80 else { break }
            index += 32
        }
        while index < bytes.count, bytes[index] < 0x80 { index += 1 }
        return index
    }

    /// The size of the whole character of two to four bytes at `index`, 0 when there is none; four bytes are there.
    @inline(__always)
    private static func character(_ bytes: Span<UInt8>, at index: Int) -> Int {
        let first = UInt32(bytes[index])
        let second = UInt32(bytes[index + 1])
        if first < 0xE0 { return first >= 0xC2 && second & 0xC0 == 0x80 ? 2 : 0 }
        let third = UInt32(bytes[index + 2])
        guard second & 0xC0 == 0x80, third & 0xC0 == 0x80 else { return 0 }
        if first < 0xF0 {
            let scalar = (first & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F
            // Not overlong, and no surrogate (D800 to DFFF).
            return scalar >= 0x800 && scalar >> 11 != 0x1B ? 3 : 0
        }
        let fourth = UInt32(bytes[index + 3])
        guard first < 0xF5, fourth & 0xC0 == 0x80 else { return 0 }
        let head = (first & 0x07) << 6 | second & 0x3F
        // U+10000 to U+10FFFF without its lowest twelve bits.
        return head >= 0x10 && head <= 0x10F ? 4 : 0
    }

    private mutating func proceed(_ byte: UInt8) -> Bool {
        guard missing > 0 else { return begin(byte) }
        guard byte >= low, byte <= high else { return false }
        (low, high) = (0x80, 0xBF)
        missing -= 1
        return true
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x7F: break
        case 0xC2...0xDF: missing = 1
        case 0xE0: (missing, low) = (2, 0xA0)
        case 0xE1...0xEC, 0xEE, 0xEF: missing = 2
        case 0xED: (missing, high) = (2, 0x9F)
        case 0xF0: (missing, low) = (3, 0x90)
        case 0xF1...0xF3: missing = 3
        case 0xF4: (missing, high) = (3, 0x8F)
        default: return false
        }
        return true
    }
}
