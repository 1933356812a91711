import HTTPProtocol
import Testing

@Suite("Reason phrases")
struct ReasonPhraseTests {
    @Test("every status in use has its words, others have none")
    func words() {
        for status in [101, 308, 400, 403, 404, 408, 426, 431, 502, 503, 504, 505] {
            #expect(!ReasonPhrase.of(status).isEmpty)
        }
        #expect(ReasonPhrase.of(431) == "Request Header Fields Too Large")
        #expect(ReasonPhrase.of(299).isEmpty)
    }
}
