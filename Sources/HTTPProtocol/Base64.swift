internal import ASCII

/// Base64 with padding (RFC 4648, 4). Only what the handshake needs: encoding.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String { String(decoding: digits(of: bytes.span), as: UTF8.self) }

    static func digits(of bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.append(addingCapacity: (bytes.count + 2) / 3 * 4) { (output: inout OutputSpan<UInt8>) in
            let digits = digits.span
            var start = 0
            while start + 3 <= bytes.count {
                let word =
                    UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
                output.append(digits[Int(word >> 18 & 63)])
                output.append(digits[Int(word >> 12 & 63)])
                output.append(digits[Int(word >> 6 & 63)])
                output.append(digits[Int(word & 63)])
                start += 3
            }
            guard start < bytes.count else { return }
            let hasTwo = start + 1 < bytes.count
            let word = UInt32(bytes[start]) << 16 | (hasTwo ? UInt32(bytes[start + 1]) << 8 : 0)
            output.append(digits[Int(word >> 18 & 63)])
            output.append(digits[Int(word >> 12 & 63)])
            output.append(hasTwo ? digits[Int(word >> 6 & 63)] : .equals)
            output.append(.equals)
        }
        return text
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func isDigit(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || byte == .plus || byte == .slash
    }
}
