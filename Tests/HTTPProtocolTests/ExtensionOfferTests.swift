import HTTPProtocol
import Testing

@Suite("Extension offers")
struct ExtensionOfferTests {
    @Test("are written with their parameters, with and without value")
    func encoded() {
        #expect(ExtensionOffer("a").encoded == "a")
        #expect(ExtensionOffer("a", [.init("b"), .init("c", "1")]).encoded == "a; b; c=1")
    }
}
