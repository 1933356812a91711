import Testing

@testable import HTTPProtocol

@Suite("What a backend may choose from")
struct HandshakeOfferTests {
    private let deflate = ExtensionOffer("permessage-deflate")

    private func offer(_ subprotocols: [String], _ extensions: [ExtensionOffer] = []) -> HandshakeOffer {
        var all = HeaderFields()
        for line in subprotocols { all.append("Sec-WebSocket-Protocol", line) }
        return HandshakeOffer(OfferedSubprotocols(all), extensions)
    }

    @Test("is written as it came, and not at all when empty")
    func written() {
        var none = HeaderFields()
        offer([]).append(to: &none)
        #expect(none.count == 0)
        var both = HeaderFields()
        offer(["a, b", "b,,c"], [deflate]).append(to: &both)
        #expect(both.all("sec-websocket-protocol") == ["a, b", "b,,c"])
        #expect(both.all("sec-websocket-extensions") == ["permessage-deflate"])
    }

    @Test("choosing nothing, or something offered, is accepted")
    func accepted() throws {
        #expect(try offer(["a"], [deflate]).accepted(fields()).subprotocol == nil)
        let chosen = try offer(["a", "b"], [deflate]).accepted(
            fields(("Sec-WebSocket-Protocol", "b"), ("Sec-WebSocket-Extensions", "permessage-deflate")))
        #expect(chosen.subprotocol == Subprotocol("b") && chosen.extensions == "permessage-deflate")
    }

    @Test("an empty line chooses nothing, whatever was offered")
    func empty() throws {
        for offered in [[], ["a"]] {
            #expect(try offer(offered).accepted(fields(("Sec-WebSocket-Protocol", " "))).subprotocol == nil)
        }
        let both = fields(("Sec-WebSocket-Protocol", ""), ("Sec-WebSocket-Protocol", "a"))
        #expect(try offer(["a"]).accepted(both).subprotocol == Subprotocol("a"))
    }

    @Test("anything else fails the handshake (RFC 6455, 4.1)")
    func refused() {
        #expect(throws: ClientHandshakeError.unknownSubprotocol("c")) {
            try offer(["a", "b"]).accepted(fields(("Sec-WebSocket-Protocol", "c")))
        }
        #expect(throws: ClientHandshakeError.unknownSubprotocol("a, b")) {
            try offer(["a", "b"]).accepted(fields(("Sec-WebSocket-Protocol", "a, b")))
        }
        #expect(throws: ClientHandshakeError.unknownSubprotocol("a")) {
            try offer(["a", "b"]).accepted(
                fields(("Sec-WebSocket-Protocol", "a"), ("Sec-WebSocket-Protocol", "b")))
        }
        #expect(throws: ClientHandshakeError.unknownExtension("x-own")) {
            try offer([], [deflate]).accepted(fields(("Sec-WebSocket-Extensions", "x-own")))
        }
        #expect(throws: ClientHandshakeError.malformedExtensions) {
            try offer([], [deflate]).accepted(fields(("Sec-WebSocket-Extensions", ";")))
        }
    }
}
