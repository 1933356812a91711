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

    /// The value of `Sec-WebSocket-Accept` for a key.
    package static func accept(_ key: String) -> String { String(decoding: answer(to: key), as: UTF8.self) }

    /// The same as bytes.
    static func answer(to key: String) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(key.utf8.count + suffix.utf8.count)
        message.append(text: key)
        message.append(text: suffix)
        let digest = SHA1.digest(message.span)
        return Base64.digits(of: digest.span)
    }
}
