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
        let marks: Set<Substring> = ["==", "!=", "case", "append", "of", "separator"]
        var found: [Int] = []
        for (index, word) in words.enumerated() where index > 0 && marks.contains(words[index - 1]) {
            if let number = Int(word) { found.append(number) }
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
            where line.contains("byte") || line.contains("utf8") || line.contains(".append(") {
                let found = Self.numbers(line).filter(Self.isCharacter)
                #expect(found.isEmpty, "\(file.path): \(line)")
            }
        }
    }

    @Test("a bare number is found, and other numbers are not")
    func numbers() {
        #expect(Self.numbers("    if byte == 47, last != 9 {") == [47, 9])
        #expect(Self.numbers("    case 48...57: byte") == [48])
        #expect(Self.numbers("    bytes.append(10)  // append(13)") == [10])
        #expect(Self.numbers("    text.split(separator: 44)") == [44])
        #expect(Self.numbers("    if byte == .slash, status == 0x20 { \"== 47\" }") == [])
    }
}
