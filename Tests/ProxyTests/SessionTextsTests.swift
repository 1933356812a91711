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

    @Test(
        "each stays itself where one is as long as one byte can say, and one longer", arguments: [127, 128])
    func lengths(longest: Int) {
        let path = String(repeating: "p", count: longest)
        let all = PackedTexts(
            SessionTexts(
                host: "h", path: path, requestID: "id",
                words: ClientWords(userAgent: Array("agent".utf8)[...], origin: Array("o".utf8)[...]),
                subprotocol: "sub", extensions: "ext", backendExtensions: "back")
        ).all
        #expect(all.host == "h" && all.path == path && all.requestID == "id")
        #expect(all.words.userAgent.elementsEqual("agent".utf8) && all.words.origin.elementsEqual("o".utf8))
        #expect(all.subprotocol == "sub" && all.extensions == "ext" && all.backendExtensions == "back")
    }
}
