internal import ASCII

/// Base64 with padding (RFC 4648, 4). Only what the handshake needs: encoding.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word = UInt32(bytes[start]) << 16
            if count > 1 { word |= UInt32(bytes[start + 1]) << 8 }
            if count > 2 { word |= UInt32(bytes[start + 2]) }
            text.append(digit(word >> 18))
            text.append(digit(word >> 12))
            text.append(count > 1 ? digit(word >> 6) : .equals)
            text.append(count > 2 ? digit(word) : .equals)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ word: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: word & 63)
        switch value {
        case 0..<26: return .upperA &+ value
        case 26..<52: return .lowerA &+ (value &- 26)
        case 52..<62: return .zero &+ (value &- 52)
        case 62: return .plus
        default: return .slash
        }
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || byte == .plus || byte == .slash
    }
}
