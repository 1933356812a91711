import Access
import Testing

struct Base64URLTests {
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
