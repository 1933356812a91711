internal import ASCII

/// Base64 with padding (RFC 4648, 4). Only what the handshake needs: encoding.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String { String(decoding: digits(of: bytes.span), as: UTF8.self) }

    static func digits(of bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.append(addingCapacity: (bytes.count + 2) / 3 * 4) { (output: inout OutputSpan<UInt8>) in
            let digits = digits.span
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let count = min(3, bytes.count - start)
                var word = UInt32(bytes[start]) << 16
                if count > 1 { word |= UInt32(bytes[start + 1]) << 8 }
                if count > 2 { word |= UInt32(bytes[start + 2]) }
                output.append(digits[Int(word >> 18 & 63)])
                output.append(digits[Int(word >> 12 & 63)])
                output.append(count > 1 ? digits[Int(word >> 6 & 63)] : .equals)
                output.append(count > 2 ? digits[Int(word & 63)] : .equals)
            }
        }
        return text
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func isDigit(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || byte == .plus || byte == .slash
    }
}
