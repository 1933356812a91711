/// Checks text as it comes, in any pieces, and fails at the first piece that can't belong to UTF-8 (RFC 3629, 4).
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
    package mutating func accept(_ bytes: Span<UInt8>) -> Bool { accept(bytes, key: 0, offset: 0) }

    /// Takes the next bytes of a masked payload, which stay masked (RFC 6455, 5.3).
    ///
    /// - Parameters:
    ///   - key: as `FrameHeader.maskingKey`.
    ///   - offset: how many payload bytes of the frame came before these: the phase of the key.
    package mutating func accept(_ bytes: Span<UInt8>, key: UInt32, offset: Int) -> Bool {
        // The pointer is used only within this call.
        unsafe bytes.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return true }
            return unsafe accept(start, raw.count, MaskPhase(key: key, offset: offset))
        }
    }

    /// Whether a whole payload, masked as it may be, is text.
    @inline(__always)
    static func isText(_ bytes: Span<UInt8>, key: UInt32) -> Bool {
        // The pointer is used only within this call.
        let isASCII = unsafe bytes.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return true }
            return unsafe UTF8Kernel.isASCII(start, raw.count, MaskPhase(key: key, offset: 0))
        }
        return isASCII || isWideText(bytes, key: key)
    }

    private static func isWideText(_ bytes: Span<UInt8>, key: UInt32) -> Bool {
        var text = UTF8Validator()
        return text.accept(bytes, key: key, offset: 0) && text.isComplete
    }

    private mutating func accept(_ start: UnsafeRawPointer, _ count: Int, _ phase: MaskPhase) -> Bool {
        var index = 0
        // A character that earlier bytes began.
        while missing > 0, index < count {
            guard proceed(unsafe start.load(fromByteOffset: index, as: UInt8.self) ^ phase.byte(index)) else {
                return false
            }
            index += 1
        }
        let rest = MaskPhase(word: phase.word(index))
        if unsafe UTF8Kernel.isASCII(start + index, count - index, rest) { return true }
        var tail: (UInt8, UInt8, UInt8) = (0, 0, 0)
        guard unsafe UTF8Kernel.isValid(start + index, count - index, rest, tail: &tail) else { return false }
        return remember(tail)
    }

    /// The last three bytes of text: a character that they begin and do not end is still to be completed. False where the
    /// last one begins none.
    private mutating func remember(_ tail: (UInt8, UInt8, UInt8)) -> Bool {
        if tail.2 >= 0xC0 { return begin(tail.2) }
        if tail.1 >= 0xE0 { return begin(tail.1) && proceed(tail.2) }
        if tail.0 >= 0xF0 { return begin(tail.0) && proceed(tail.1) && proceed(tail.2) }
        return true
    }

    private mutating func proceed(_ byte: UInt8) -> Bool {
        guard byte >= low, byte <= high else { return false }
        (low, high) = (0x80, 0xBF)
        missing -= 1
        return true
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
