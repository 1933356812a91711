/// Checks text as it comes, in any pieces, and fails at the first byte that can't belong to UTF-8 (RFC 3629, 4).
package struct UTF8Validator: Sendable {
    private var missing = 0
    // The range that the next byte must be in: narrower than 80-BF only right after E0, ED, F0 and F4, which keeps out
    // overlong forms, surrogates, and what lies beyond U+10FFFF.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    /// At the beginning of a text.
    package init() {}

    /// Whether the text may end here.
    package var isComplete: Bool { missing == 0 }

    /// Takes the next bytes; false when they are no UTF-8.
    package mutating func accept(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if missing == 0 {
                index = UTF8Validator.skipASCII(bytes, from: index)
                guard index < count else { return true }
                guard begin(bytes[index]) else { return false }
            } else {
                let byte = bytes[index]
                guard byte >= low, byte <= high else { return false }
                (low, high) = (0x80, 0xBF)
                missing -= 1
            }
            index += 1
        }
        return true
    }

    private static func skipASCII(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index + 32 <= bytes.count {
            var seen: UInt8 = 0
            for step in 0..<32 { seen |= bytes[index &+ step] }
            guard seen < 0x80 else { break }
            index += 32
        }
        while index < bytes.count, bytes[index] < 0x80 { index += 1 }
        return index
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
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
