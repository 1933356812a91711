import Testing

@testable import HTTPProtocol

@Suite("Grammar scanner")
struct GrammarScannerTests {
    @Test("reads tokens, delimiters and quoted strings, with white space between")
    func reads() {
        var scanner = GrammarScanner(" a\t= \"b \\\" c\" ; d ")
        let name = scanner.token()
        let wrong = scanner.take(59)
        let equals = scanner.take(61)
        let noToken = scanner.token()
        let value = scanner.quotedString()
        let semicolon = scanner.take(59)
        #expect(!scanner.isAtEnd)
        let last = scanner.token()
        #expect((name, noToken, value, last) == ("a", nil, "b \" c", "d"))
        #expect((wrong, equals, semicolon) == (false, true, true))
        #expect(scanner.isAtEnd)
    }

    @Test("a quoted string without an end is none")
    func openString() {
        for text in ["\"", "\"a", "\"a\\", "\"a\\\""] {
            var scanner = GrammarScanner(text)
            #expect(scanner.quotedString() == nil)
        }
    }
}
