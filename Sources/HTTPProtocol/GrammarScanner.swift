internal import ASCII

/// Reads tokens, delimiters and quoted strings from a field value (RFC 9110, 5.6), skipping white space before each.
struct GrammarScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// Whether only white space is left.
    var isAtEnd: Bool { bytes[position...].allSatisfy(isBlank) }

    private mutating func skipBlanks() {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
    }

    /// Takes this delimiter, if it comes next.
    mutating func take(_ delimiter: UInt8) -> Bool {
        skipBlanks()
        guard position < bytes.count, bytes[position] == delimiter else { return false }
        position += 1
        return true
    }

    /// The token that comes next.
    mutating func token() -> String? {
        skipBlanks()
        let token = bytes[position...].prefix(while: isTokenByte)
        position = token.endIndex
        return token.isEmpty ? nil : String(decoding: token, as: UTF8.self)
    }

    /// The content of the quoted string that comes next, without its escapes (5.6.4). nil when none does, or its end is
    /// missing.
    mutating func quotedString() -> String? {
        guard take(34) else { return nil }
        var content: [UInt8] = []
        while position < bytes.count {
            var byte = bytes[position]
            position += 1
            if byte == .quote { return String(decoding: content, as: UTF8.self) }
            if byte == .backslash {
                guard position < bytes.count else { return nil }
                byte = bytes[position]
                position += 1
            }
            content.append(byte)
        }
        return nil
    }
}
