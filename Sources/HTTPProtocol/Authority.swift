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
    let bytes = Array(host.utf8)
    let isBracketed = bytes.first == .openBracket
    guard
        let end = isBracketed
            ? bytes.firstIndex(of: .closeBracket).map({ $0 + 1 })
            : bytes.firstIndex(of: .colon) ?? bytes.count
    else { return false }
    let name = isBracketed ? bytes[1..<(end - 1)] : bytes[..<end]
    let isName = name.allSatisfy { byte in
        switch byte {
        case .zero ... .nine, .upperA ... .upperZ, .lowerA ... .lowerZ, .exclamation, .dollar, .percent,
            .ampersand, .apostrophe, .openParenthesis, .closeParenthesis, .star, .plus, .hyphen, .dot,
            .semicolon, .equals, .underscore, .tilde:
            true
        default: isBracketed && byte == .colon
        }
    }
    let port = bytes[end...]
    return isName && (port.isEmpty || (port.first == 58 && port.dropFirst().allSatisfy({ $0.isDigit })))
}
