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
    let isBracketed = bytes.first == 91
    guard
        let end = isBracketed
            ? bytes.firstIndex(of: 93).map({ $0 + 1 }) : bytes.firstIndex(of: 58) ?? bytes.count
    else { return false }
    let name = isBracketed ? bytes[1..<(end - 1)] : bytes[..<end]
    let isName = name.allSatisfy { byte in
        switch byte {
        case 48...57, 65...90, 97...122, 33, 36, 37, 38, 39, 40, 41, 42, 43, 45, 46, 59, 61, 95, 126: true
        default: isBracketed && byte == 58
        }
    }
    let port = bytes[end...]
    return isName && (port.isEmpty || (port.first == 58 && port.dropFirst().allSatisfy(isDigit)))
}
