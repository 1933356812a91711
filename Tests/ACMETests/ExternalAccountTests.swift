import ACME
import Testing

@Suite("An account of the authority's operator")
struct ExternalAccountTests {
    @Test(
        "has its key in base64 of either alphabet, padded or not",
        arguments: ["-_8A", "+/8A", "+/8A\n", " -_8\nA "])
    func alphabets(text: String) {
        let account = ExternalAccount(id: "kid-1", base64: Array(text.utf8))
        #expect(account == ExternalAccount(id: "kid-1", key: [0xFB, 0xFF, 0x00]))
    }

    @Test("padding says nothing", arguments: ["-w==", "+w", "-w\n"])
    func padding(text: String) {
        #expect(ExternalAccount(id: "a", base64: Array(text.utf8))?.key == [0xFB])
    }

    @Test("is none without a key", arguments: ["", "\n", "==", "key!", "k\u{e9}y"])
    func none(text: String) {
        #expect(ExternalAccount(id: "a", base64: Array(text.utf8)) == nil)
    }
}
