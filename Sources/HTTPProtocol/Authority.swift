internal import ASCII

/// Whether two authorities are one: hosts whatever their case, and the port that the scheme has anyway may be left out
/// (RFC 9110, 4.2.3).
func isSameAuthority(_ a: String, _ b: String, defaultPort: String) -> Bool {
    equalsIgnoringCase(withoutPort(a, defaultPort), withoutPort(b, defaultPort))
}

private func withoutPort(_ authority: String, _ port: String) -> ArraySlice<UInt8> {
    let bytes = Array(authority.utf8)
    for end in [":" + port, ":"] where bytes.suffix(end.utf8.count).elementsEqual(end.utf8) {
        return bytes.dropLast(end.utf8.count)
    }
    return bytes[...]
}

/// A host with an optional port (RFC 3986, 3.2.2). No comma: it could be two hosts in one line.
func isAuthority(_ host: String) -> Bool {
    let bytes = host.utf8.span
    let isBracketed = bytes.count > 0 && bytes[0] == .openBracket
    var index = isBracketed ? 1 : 0
    while index < bytes.count, isNameByte(bytes[index]) || isBracketed && bytes[index] == .colon {
        index += 1
    }
    if isBracketed {
        guard index < bytes.count, bytes[index] == .closeBracket else { return false }
        index += 1
    }
    guard index < bytes.count else { return true }
    guard bytes[index] == .colon else { return false }
    for digit in (index + 1)..<bytes.count where !bytes[digit].isDigit { return false }
    return true
}

private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case .zero ... .nine, .upperA ... .upperZ, .lowerA ... .lowerZ, .exclamation, .dollar, .percent,
        .ampersand, .apostrophe, .openParenthesis, .closeParenthesis, .star, .plus, .hyphen, .dot,
        .semicolon, .equals, .underscore, .tilde:
        true
    default: false
    }
}
