internal import ASCII

/// Base64 with padding (RFC 4648, 4). Only what the handshake needs: encoding.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String { String(decoding: digits(of: bytes.span), as: UTF8.self) }

    static func digits(of bytes: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.append(addingCapacity: (bytes.count + 2) / 3 * 4) { (output: inout OutputSpan<UInt8>) in
            var start = 0
            while start + 3 <= bytes.count {
                let word =
                    UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
                output.append(digit(word >> 18 & 63))
                output.append(digit(word >> 12 & 63))
                output.append(digit(word >> 6 & 63))
                output.append(digit(word & 63))
                start += 3
            }
            guard start < bytes.count else { return }
            let hasTwo = start + 1 < bytes.count
            let word = UInt32(bytes[start]) << 16 | (hasTwo ? UInt32(bytes[start + 1]) << 8 : 0)
            output.append(digit(word >> 18 & 63))
            output.append(digit(word >> 12 & 63))
            output.append(hasTwo ? digit(word >> 6 & 63) : .equals)
            output.append(.equals)
        }
        return text
    }

    /// Capitals, small letters, figures, plus and slash.
    @inline(__always)
    private static func digit(_ value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        switch value {
        case ..<26: return value &+ UInt8(ascii: "A")
        case ..<52: return value &+ (.lowerA &- 26)
        case ..<62: return value &- 4
        case 62: return .plus
        default: return .slash
        }
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || byte == .plus || byte == .slash
    }
}
