import HTTPProtocol
import Testing

@testable import Proxy

@Suite("The texts of a session")
struct SessionTextsTests {
    @Test("are unpacked as they were packed, short, long and empty ones")
    func packed() {
        let long = String(repeating: "x", count: 20_000)
        let all = PackedTexts(
            SessionTexts(
                host: "h", path: long, requestID: "id",
                words: ClientWords(userAgent: Array("ü".utf8)[...], origin: []),
                subprotocol: String(repeating: "s", count: 128), extensions: "", backendExtensions: "b")
        ).all
        #expect(all.host == "h" && all.path == long && all.requestID == "id")
        #expect(all.words.userAgent.elementsEqual("ü".utf8) && all.words.origin.isEmpty)
        #expect(all.subprotocol.utf8.count == 128 && all.extensions.isEmpty && all.backendExtensions == "b")
    }
}
