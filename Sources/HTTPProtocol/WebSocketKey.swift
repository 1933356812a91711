internal import ASCII

/// `Sec-WebSocket-Key` and what answers it (RFC 6455, 4.1 and 4.2.2).
package enum WebSocketKey {
    private static let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// Base64 of exactly 16 bytes: 22 digits, the last of which carries two bits, and two of padding.
    /// Spare bits in that digit are let through, as common servers do.
    package static func isValid(_ key: String) -> Bool {
        let bytes = key.utf8.span
        guard bytes.count == 24, bytes[22] == .equals, bytes[23] == .equals else { return false }
        for index in 0..<22 where !Base64.isDigit(bytes[index]) { return false }
        return true
    }

    /// Stands where a form of the handshake has no key (RFC 8441, 5): each side of a session has its own, and nobody is told
    /// of this one.
    package static let none = make(from: [UInt8](repeating: 0, count: 16))

    /// A key from 16 random bytes.
    package static func make(from random: [UInt8]) -> String {
        let digits = Base64.digits(of: random.span.extracting(first: 16))
        return String(decoding: digits, as: UTF8.self)
    }

    /// The same from two random words.
    package static func make(from random: (UInt64, UInt64)) -> String {
        let bytes: InlineArray<16, UInt8> = InlineArray { index in
            let word = index < 8 ? random.0 : random.1
            return UInt8(truncatingIfNeeded: word >> UInt64(8 * (index & 7)))
        }
        return String(decoding: Base64.digits(of: bytes.span), as: UTF8.self)
    }

    /// The value of `Sec-WebSocket-Accept` for a key.
    package static func accept(_ key: String) -> String { String(decoding: answer(to: key), as: UTF8.self) }

    /// The same as bytes.
    static func answer(to key: String) -> [UInt8] {
        let bytes = key.utf8.span
        let digest = bytes.count == 24 ? digest(of24: bytes) : digest(ofOther: key)
        return Base64.digits(of: digest.span)
    }

    /// Of a key as long as all valid ones are.
    private static func digest(of24 key: Span<UInt8>) -> InlineArray<20, UInt8> {
        var message = InlineArray<15, UInt32>(repeating: 0)
        for index in 0..<6 { message[index] = word(key, at: 4 * index) }
        for index in 0..<9 { message[6 + index] = suffixWords[index] }
        return SHA1.digest(of: message)
    }

    private static let suffixWords: InlineArray<9, UInt32> = InlineArray {
        word(suffix.utf8.span, at: 4 * $0)
    }

    private static func word(_ bytes: Span<UInt8>, at start: Int) -> UInt32 {
        UInt32(bytes[start]) << 24 | UInt32(bytes[start + 1]) << 16 | UInt32(bytes[start + 2]) << 8
            | UInt32(bytes[start + 3])
    }

    private static func digest(ofOther key: String) -> InlineArray<20, UInt8> {
        SHA1.digest(Array((key + suffix).utf8).span)
    }
}
