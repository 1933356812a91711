internal import ASCII
package import HTTPProtocol

/// A name and password as `Authorization: Basic` has them (RFC 7617, 2).
package struct BasicCredentials: Equatable, Sendable {
    /// Up to the first colon.
    package let user: String
    let password: String

    /// nil where a request has none, or none that can be read, or several.
    package init?(_ fields: HeaderFields) {
        let values = fields.all("authorization")
        guard values.count == 1, let value = values.first else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, equalsIgnoringCase(String(parts[0]), "basic"),
            let bytes = Base64.decode(parts[1].utf8.drop { $0 == .space }),
            let text = String(validating: bytes, as: UTF8.self),
            let colon = text.utf8.firstIndex(of: .colon)
        else { return nil }
        user = String(text[..<colon])
        password = String(text[text.utf8.index(after: colon)...])
        guard !user.isEmpty else { return nil }
    }
}

/// Base64 with padding (RFC 4648, 4), read.
enum Base64 {
    /// nil for what is none.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var digits = Array(text)
        guard digits.count % 4 == 0 else { return nil }
        for _ in 0..<2 where digits.last == .equals { digits.removeLast() }
        for index in digits.indices {
            switch digits[index] {
            case .plus: digits[index] = .hyphen
            case .slash: digits[index] = .underscore
            case .hyphen, .underscore: return nil
            default: break
            }
        }
        return Base64URL.decode(digits)
    }
}
