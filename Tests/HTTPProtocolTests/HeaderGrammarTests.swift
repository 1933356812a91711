import Testing

@testable import HTTPProtocol

@Suite("Header grammar")
struct HeaderGrammarTests {
    @Test("extensions with their parameters, over several lines")
    func extensions() throws {
        let offers = try HeaderGrammar.extensions([
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10 ,x", " , y ; a = \"b\\c\"",
        ])
        #expect(
            offers == [
                ExtensionOffer(
                    "permessage-deflate",
                    [.init("client_max_window_bits"), .init("server_max_window_bits", "10")]),
                ExtensionOffer("x"), ExtensionOffer("y", [.init("a", "bc")]),
            ])
        #expect(
            HeaderGrammar.encode(offers)
                == "permessage-deflate; client_max_window_bits; server_max_window_bits=10, x, y; a=bc")
        #expect(try HeaderGrammar.extensions([]).isEmpty)
        #expect(try HeaderGrammar.extensions(["", " , "]).isEmpty)
    }

    @Test(
        "malformed extensions",
        arguments: [
            "a b", "a;", "a;;b", ";a", "a; b=", "a; =b", "a; b=\"", "a; b=\"c", "a; b=\"\"", "a; b=\"c d\"",
            "a; b=\"c\"d",
            "a; b=c d", "a=b", "a/b", "a; b=\"c\\", "\"a\"", "é", "a; b==c",
        ])
    func malformedExtensions(_ value: String) {
        #expect(throws: HeaderGrammarError(reason: "malformed Sec-WebSocket-Extensions")) {
            try HeaderGrammar.extensions([value])
        }
    }
}
