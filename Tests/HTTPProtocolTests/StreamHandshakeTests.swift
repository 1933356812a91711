import Testing

@testable import HTTPProtocol

@Suite("Handshake on a stream")
struct StreamHandshakeTests {
    private func handshake(passesExtensions: Bool = false) throws -> StreamHandshake {
        let head = RequestHead(
            method: "GET", target: "/",
            fields: fields(
                ("Host", "a:1"), ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Protocol", "chat,log"),
                ("Sec-WebSocket-Extensions", "permessage-deflate;x=1"),
                ("Cookie", "c=d")))
        guard case .upgrade(let upgrade) = ServerHandshake.judge(head) else { throw Refused() }
        return StreamHandshake(
            head, upgrade: upgrade, target: "/b?q",
            forwarding: Forwarding(client: "c", isSecure: true, requestID: "r"),
            offers: passesExtensions ? upgrade.extensions : [])
    }

    private struct Refused: Error {}

    private func answer(_ status: Int, _ more: (String, String)...) -> ResponseHead {
        var all = HeaderFields()
        for (name, value) in more { all.append(name, value) }
        return ResponseHead(status: status, reason: "", fields: all)
    }

    @Test("the request is a CONNECT without key and Upgrade")
    func request() throws {
        #expect(
            text(try handshake().request.encoded) == """
                CONNECT /b?q HTTP/1.1\r
                Host: a:1\r
                Cookie: c=d\r
                X-Forwarded-For: c\r
                X-Real-IP: c\r
                X-Forwarded-Proto: https\r
                X-Forwarded-Host: a:1\r
                Forwarded: for=c;proto=https;host="a:1"\r
                X-Request-Id: r\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Protocol: chat,log\r
                \r

                """)
        #expect(
            try handshake(passesExtensions: true).request.fields.first("sec-websocket-extensions")
                == "permessage-deflate; x=1")
    }

    @Test("2xx opens, whatever else is in it", arguments: [200, 204, 299])
    func opens(status: Int) throws {
        let head = answer(status, ("sec-websocket-protocol", "log"), ("x-node", "3"))
        #expect(
            try handshake().check(head)
                == .accepted(
                    AcceptedUpgrade(subprotocol: Subprotocol("log"), extensions: nil, fields: head.fields)))
    }

    @Test("interim answers and refusals")
    func others() throws {
        #expect(try handshake().check(answer(103)) == .interim)
        for status in [300, 401, 404, 503] {
            #expect(try handshake().check(answer(status)) == .refused(answer(status)))
        }
    }

    @Test("what was not offered can't be chosen")
    func unknown() throws {
        #expect(throws: ClientHandshakeError.unknownSubprotocol("chess")) {
            try handshake().check(answer(200, ("sec-websocket-protocol", "chess")))
        }
        #expect(throws: ClientHandshakeError.unknownExtension("permessage-deflate")) {
            try handshake().check(answer(200, ("sec-websocket-extensions", "permessage-deflate")))
        }
        #expect(
            try handshake(passesExtensions: true).check(
                answer(200, ("sec-websocket-extensions", "permessage-deflate")))
                == .accepted(
                    AcceptedUpgrade(
                        subprotocol: nil, extensions: "permessage-deflate",
                        fields: fields(("sec-websocket-extensions", "permessage-deflate")))))
    }
}
