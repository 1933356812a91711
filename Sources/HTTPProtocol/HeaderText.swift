/// The smallest parts of header grammar (RFC 9110, 5.6), on bytes: a Character may hide a delimiter behind a combining
/// mark, a byte can't.

/// Whether this is a token (RFC 9110, 5.6.2).
package func isToken(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
}

func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    case 33, 35, 36, 37, 38, 39, 42, 43, 45, 46, 94, 95, 96, 124, 126: true
    default: false
    }
}

/// Equality but for the case of ASCII letters, as field names and tokens need it.
package func equalsIgnoringCase(_ a: String, _ b: String) -> Bool { equalsIgnoringCase(a.utf8, b.utf8) }

func equalsIgnoringCase(_ a: some Collection<UInt8>, _ b: some Collection<UInt8>) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { lowercase($0) == lowercase($1) }
}

func lowercase(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }

/// The same text with its ASCII letters in lower case.
func lowercased(_ text: some StringProtocol) -> String { lowercasedText(text.utf8) }

func lowercasedText(_ bytes: some Collection<UInt8>) -> String {
    // An array, since text is made of contiguous bytes by one copy and of others one by one.
    var lower = Array(bytes)
    for index in lower.indices { lower[index] = lowercase(lower[index]) }
    return String(decoding: lower, as: UTF8.self)
}

func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

/// Without the blanks and tabs at both ends.
func trimmed<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bytes.SubSequence {
    guard let end = bytes.lastIndex(where: { !isBlank($0) }) else { return bytes[bytes.endIndex...] }
    return bytes[...end].drop(while: isBlank)
}
