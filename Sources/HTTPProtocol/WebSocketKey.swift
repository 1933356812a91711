/// `Sec-WebSocket-Key` and what answers it (RFC 6455, 4.1 and 4.2.2).
package enum WebSocketKey {
    private static let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Base64 of exactly 16 bytes: 22 digits, the last of which carries four bits, and two of padding.
    package static func isValid(_ key: String) -> Bool {
        let bytes = Array(key.utf8)
        guard bytes.count == 24, bytes[22] == 61, bytes[23] == 61 else { return false }
        return bytes[..<22].allSatisfy(digits.contains)
    }

    /// A key from 16 random bytes.
    package static func make(from random: [UInt8]) -> String { base64(Array(random.prefix(16))) }

    /// The value of `Sec-WebSocket-Accept` for a key.
    package static func accept(_ key: String) -> String { base64(SHA1.digest(Array((key + suffix).utf8))) }

    static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? digits[Int(word >> UInt32(18 - 6 * place)) & 63] : 61)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
