import Access
import Testing

struct Base64URLTests {
    @Test(
        "the vectors of RFC 4648, 10",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(text) == Array(plain.utf8))
    }

    @Test("digits that URLs can bear, whether they mean bytes or not")
    func digits() {
        let text = Base64URL.encode((0...255).map { UInt8($0) })
        #expect(Base64URL.isPlain(text) && Base64URL.isPlain("-_") && Base64URL.isPlain("abcde"))
        for other in ["", "+", "a=", "a b", "é", "a.b"] { #expect(!Base64URL.isPlain(other)) }
    }

    @Test("what was encoded is decoded, whatever its length")
    func roundTrip() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            #expect(Base64URL.decode(Tokens.encode(bytes)) == bytes)
        }
    }

    @Test(
        "padding, blanks, the other alphabet and bits left over are none",
        arguments: ["QQ==", "Q", "QR", "Q Q", "QQ\n", "+/+/", "QUJD=", "ÄÖ", "QUJDR"])
    func strict(text: String) { #expect(Base64URL.decode(text) == nil) }
}
