internal import ASCII

/// Base64 for URLs without padding (RFC 4648, 5), as JOSE has it (RFC 7515, 2): one spelling for each value.
package enum Base64URL {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The text for bytes.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var word: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            word = word << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(digits[Int(word >> bits) & 63])
            }
            word &= (1 << bits) - 1
        }
        if bits > 0 { text.append(digits[Int(word << (6 - bits)) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether a text is one or more of its digits and nothing else, be it the text of bytes or not.
    package static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { digit($0) != nil }
    }

    /// nil for what is none: padding, blanks, the other alphabet, and bits at the end that mean nothing.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var word: UInt32 = 0
        var bits: UInt32 = 0
        for byte in text {
            guard let digit = digit(byte) else { return nil }
            word = word << 6 | digit
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: word >> bits))
            word &= (1 << bits) - 1
        }
        // One digit alone is no byte, and what is left of the last one must be nothing.
        return bits < 6 && word == 0 ? bytes : nil
    }

    /// The same of text.
    package static func decode(_ text: String) -> [UInt8]? { decode(text.utf8) }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case .upperA ... .upperZ: UInt32(byte - .upperA)
        case .lowerA ... .lowerZ: UInt32(byte - .lowerA) + 26
        case .zero ... .nine: UInt32(byte - .zero) + 52
        case .hyphen: 62
        case .underscore: 63
        default: nil
        }
    }
}
