import Testing

@testable import HTTPProtocol

@Suite("Header text")
struct HeaderTextTests {
    @Test("the bytes of a token are those of RFC 9110, 5.6.2")
    func tokenBytes() {
        let allowed = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        for byte in UInt8.min...UInt8.max { #expect(isTokenByte(byte) == allowed.utf8.contains(byte)) }
        #expect(!isToken(""))
        #expect(!isToken("a b"))
        #expect(!isToken("é"))
    }

    @Test("case is ignored for ASCII letters only")
    func comparison() {
        #expect(equalsIgnoringCase("Upgrade", "uPGRADE"))
        #expect(!equalsIgnoringCase("a", "ab"))
        #expect(!equalsIgnoringCase("[", "{"))
        #expect(!equalsIgnoringCase("É", "é"))
        // The Kelvin sign is a K to Unicode.
        #expect(!equalsIgnoringCase("\u{212A}", "k"))
        #expect(lowercased("A\u{212A}Z") == "a\u{212A}z")
    }

    @Test("blanks and tabs are trimmed, nothing else")
    func trimming() {
        #expect(Array(trimmed(Array(" \ta b\t ".utf8))) == Array("a b".utf8))
        #expect(trimmed(Array(" \t".utf8)).isEmpty)
        #expect(Array(trimmed(Array("\na".utf8))) == Array("\na".utf8))
    }
}
