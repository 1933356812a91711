internal import ASCII

/// The smallest parts of header grammar (RFC 9110, 5.6), on bytes: a Character may hide a delimiter behind a combining
/// mark, a byte can't.

/// Whether this is a token (RFC 9110, 5.6.2).
package func isToken(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
}

/// The same, where most ask.
package func isToken(_ text: String) -> Bool { isToken(text.utf8.span) }

func isToken(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices where !isTokenByte(bytes[index]) { return false }
    return bytes.count > 0
}

func isTokenByte(_ byte: UInt8) -> Bool {
    // A bit for each of 0...63 and 64...127: heads are looked at byte by byte.
    let bits: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
    return byte < 128 && bits >> UInt64(byte & 63) & 1 == 1
}

/// Equality but for the case of ASCII letters, as field names and tokens need it.
package func equalsIgnoringCase(_ a: String, _ b: String) -> Bool {
    equalsIgnoringCase(a.utf8.span, b.utf8.span)
}

func equalsIgnoringCase(_ a: some Collection<UInt8>, _ b: some Collection<UInt8>) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { lowercase($0) == lowercase($1) }
}

func lowercase(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }

/// Whether bytes are a name, whatever the case of ASCII letters.
func equalsIgnoringCase(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    for index in a.indices where a[index] != b[index] {
        guard lowercase(a[index]) == lowercase(b[index]) else { return false }
    }
    return true
}

/// The same text with its ASCII letters in lower case.
func lowercased(_ text: some StringProtocol) -> String { lowercasedText(text.utf8) }

func lowercasedText(_ bytes: some Collection<UInt8>) -> String {
    // An array, since text is made of contiguous bytes by one copy and of others one by one.
    var lower = Array(bytes)
    for index in lower.indices { lower[index] = lowercase(lower[index]) }
    return String(decoding: lower, as: UTF8.self)
}

/// No control byte but HTAB (RFC 9110, 5.5).
func isValueByte(_ byte: UInt8) -> Bool { byte >= .space && byte != .delete || byte == .tab }

extension [UInt8] {
    /// Adds the bytes of a text.
    mutating func append(text: String) { append(copying: text.utf8.span) }
}

func isBlank(_ byte: UInt8) -> Bool { byte == .space || byte == .tab }

/// Without the blanks and tabs at both ends.
func trimmed<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bytes.SubSequence {
    guard let end = bytes.lastIndex(where: { !isBlank($0) }) else { return bytes[bytes.endIndex...] }
    return bytes[...end].drop(while: isBlank)
}
