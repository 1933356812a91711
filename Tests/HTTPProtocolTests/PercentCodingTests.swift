import HTTPProtocol
import Testing

@Suite("Percent-encoding")
struct PercentCodingTests {
    private func decoded(_ text: Substring, _ malformed: PercentCoding.Malformed) -> String? {
        PercentCoding.decoded(query: text, malformed: malformed).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("names and values of queries are decoded")
    func queries() {
        for malformed in [PercentCoding.Malformed.kept, .refused] {
            #expect(decoded("", malformed) == "")
            #expect(decoded("a+b%2Bc%2bd", malformed) == "a b+c+d")
            #expect(decoded("%C3%A4%00", malformed) == "ä\0")
            #expect(decoded("%2541", malformed) == "%41")
        }
    }

    @Test(
        "a percent sign without two digits is kept or refused",
        arguments: ["%", "a%4", "%4g", "%%41", "%G1", "% 1"])
    func malformed(text: String) {
        #expect(decoded(Substring(text), .refused) == nil)
        let kept = decoded(Substring(text), .kept)
        #expect(kept == (text == "%%41" ? "%A" : text))
    }

    @Test("what is encoded is decoded again, and only what is unreserved stands as it is")
    func encoding() {
        #expect(PercentCoding.encoded("aZ09-._~") == "aZ09-._~")
        #expect(PercentCoding.encoded("a b/ä*+%") == "a%20b%2F%C3%A4%2A%2B%25")
        let all = String(String.UnicodeScalarView((1..<300).compactMap { Unicode.Scalar($0) }))
        #expect(decoded(Substring(PercentCoding.encoded(all)), .refused) == all)
    }
}
