import ASCII
import Testing

@Suite("ASCII")
struct ASCIITests {
    @Test("each name is its byte")
    func names() {
        let controls: [UInt8] = [.tab, .lineFeed, .carriageReturn, .space, .delete]
        #expect(controls == [9, 10, 13, 32, 127])
        let signs: [UInt8] = [
            .exclamation, .quote, .hash, .dollar, .percent, .ampersand, .apostrophe, .openParenthesis,
            .closeParenthesis, .star, .plus, .comma, .hyphen, .dot, .slash, .colon, .semicolon, .less,
            .equals,
            .question, .at, .openBracket, .backslash, .closeBracket, .underscore,
            .openBrace, .closeBrace, .tilde,
        ]
        #expect(String(decoding: signs, as: UTF8.self) == ##"!"#$%&'()*+,-./:;<=?@[\]_{}~"##)
        let ends: [UInt8] = [.zero, .nine, .upperA, .upperZ, .lowerA, .lowerZ]
        #expect(String(decoding: ends, as: UTF8.self) == "09AZaz")
    }

    @Test("digits and letters are those of ASCII")
    func kinds() {
        for byte in UInt8.min...UInt8.max {
            let character = Character(Unicode.Scalar(byte))
            #expect(byte.isDigit == "0123456789".contains(character))
            #expect(byte.hexValue.map(Int.init) == (byte < 128 ? character.hexDigitValue : nil))
            #expect(byte.isUpper == (byte < 128 && character.isUppercase))
            #expect(byte.lowercased == (byte.isUpper ? byte + 32 : byte))
        }
    }
}
