import Testing

/// The bytes of ASCII have names, so that a parser can be read without a table beside it.
@Suite("Names of bytes")
struct ByteNamesTests {
    /// Where numbers of this size are no text: frames, records, tables of digits, sizes and times.
    private static let modules: Set<String> = [
        "ASCII", "WebSocketProtocol", "PerMessageDeflate", "HTTP2Protocol",
    ]

    /// Files whose numbers are no characters, each with the reason.
    private static let excused: [String: String] = [
        "Access/PasswordHash": "the length of a hash",
        "HTTPProtocol/SHA1": "lengths of blocks",
        "HTTPProtocol/StatusLine": "places in a line",
    ]

    /// The numbers of a line that stand where a byte is compared, listed or written.
    static func numbers(_ line: Substring) -> [Int] {
        let code = RoomsTests.code(line)
        let words = code.split { " .()[]:,{}".contains($0) }
        let marks: Set<Substring> = ["==", "!=", "case", "append", "of", "separator", "contains"]
        var found: [Int] = []
        for (index, word) in words.enumerated() where index > 0 && marks.contains(words[index - 1]) {
            if let number = Int(word) { found.append(number) }
        }
        for match in code.matches(of: /(?:\bbyte|Byte|bytes\[[^\]]*\]) = (\d+)\b/) {
            if let number = Int(match.1) { found.append(number) }
        }
        return found
    }

    /// The first and last of digits and letters, of which a number of another kind is hardly ever made.
    private static let bounds: Set<String> = [
        "48...57", "65...90", "97...122", "65...70", "97...102", "33...126",
    ]

    /// Classes of characters that a line spells in numbers, whatever it calls what it looks at.
    static func classes(_ line: Substring) -> [String] {
        let code = RoomsTests.code(line)
        let ranges = code.matches(of: /\d+\.\.[.<]\d+/).map { String($0.0) }.filter { bounds.contains($0) }
        // What a digit's or a letter's byte is away from its value.
        let shifts = code.matches(of: /[-+] (?:48|55|87)\b/).map { String($0.0) }
        return ranges + shifts
    }

    /// The lines with what is decided by cases of a byte: between `switch byte {` and its end.
    static func cases(_ lines: [Substring]) -> [Substring] {
        var found: [Substring] = []
        var end: String?
        for line in lines {
            let indent = String(line.prefix { $0 == " " })
            if line.contains(/\bswitch (?:\w*[bB]yte\b|bytes\[)/) { end = indent + "}" }
            if let end, line.hasPrefix(end.dropLast() + "case ") {
                found.append(line)
            }
            if let mark = end, line.hasPrefix(mark) { end = nil }
        }
        return found
    }

    private static func isCharacter(_ number: Int) -> Bool {
        [9, 10, 13].contains(number) || (32...127).contains(number)
    }

    @Test("no parser compares with a bare number")
    func bare() throws {
        for file in try House.sources() where !Self.modules.contains(file.module) {
            guard Self.excused["\(file.module)/\(file.name)"] == nil else { continue }
            for line in file.lines
            where ["byte", "utf8", ".append(", ".contains("].contains(where: { line.contains($0) }) {
                let found = Self.numbers(line).filter(Self.isCharacter)
                #expect(found.isEmpty, "\(file.path): \(line)")
            }
            for line in file.lines {
                #expect(Self.classes(line).isEmpty, "\(file.path): \(line)")
            }
            for line in Self.cases(file.lines) {
                let found = RoomsTests.code(line).matches(of: /(?:case |, )(\d+)\b/).compactMap { Int($0.1) }
                #expect(!found.contains(where: Self.isCharacter), "\(file.path): \(line)")
            }
        }
    }

    @Test("a bare number is found, and other numbers are not")
    func numbers() {
        #expect(Self.numbers("    if byte == 47, last != 9 {") == [47, 9])
        #expect(Self.numbers("    case 48...57: byte") == [48])
        #expect(Self.numbers("    bytes.append(10)  // append(13)") == [10])
        #expect(Self.numbers("    text.split(separator: 44)") == [44])
        #expect(Self.numbers("    bytes[index] = 32") == [32])
        #expect(Self.numbers("    if name.utf8.contains(95) {") == [95])
        #expect(Self.numbers("    var bytes = 64") == [])
        #expect(Self.classes("    case 48...57, 65...90, 200...299: true") == ["48...57", "65...90"])
        #expect(Self.classes("    value = Int(version[7] - 48)") == ["- 48"])
        #expect(
            Self.cases(["switch byte {", "case 45, 46: 1", "}", "switch status {", "case 40: 2", "}"])
                == ["case 45, 46: 1"])
        #expect(Self.numbers("    if byte == .slash, status == 0x20 { \"== 47\" }") == [])
    }
}
