import Testing

@testable import HTTPProtocol

@Suite("Client handshake")
struct ClientHandshakeTests {
    private static let key = "AQIDBAUGBwgJCgsMDQ4PEA=="
    private static let clientKey = "dGhlIHNhbXBsZSBub25jZQ=="

    private func handshake(
        _ more: (String, String)..., passesExtensions: Bool = false
    ) throws -> ClientHandshake {
        var all = fields(
            ("host", "a:1"), ("upgrade", "websocket"), ("sec-websocket-key", Self.clientKey),
            ("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat,log"),
            ("sec-websocket-extensions", "permessage-deflate;x=1"), ("Cookie", "c=d"))
        for (name, value) in more { all.append(name, value) }
        if !all.contains("connection") { all.append("Connection", "Upgrade") }
        let head = RequestHead(method: "GET", target: "/", fields: all)
        guard case .upgrade(let upgrade) = ServerHandshake.judge(head) else { throw Refused() }
        return ClientHandshake(
            head, upgrade: upgrade, target: "/b?q",
            forwarding: Forwarding(client: "c", isSecure: true, requestID: "r"),
            key: Self.key, offers: passesExtensions ? upgrade.extensions : [])
    }

    private struct Refused: Error {}

    private func answer(
        status: Int = 101, accept: String? = WebSocketKey.accept(key), upgrade: String = "WebSocket",
        connection: String = "upgrade", _ more: (String, String)...
    ) -> ResponseHead {
        var all = fields(("Upgrade", upgrade), ("Connection", connection))
        if let accept { all.append("Sec-WebSocket-Accept", accept) }
        for (name, value) in more { all.append(name, value) }
        return ResponseHead(status: status, reason: "x", fields: all)
    }

    @Test("the request has this leg's key and version, exact spelling, and no extensions")
    func request() throws {
        #expect(
            text(try handshake().request) == """
                GET /b?q HTTP/1.1\r
                host: a:1\r
                Cookie: c=d\r
                X-Forwarded-For: c\r
                X-Real-IP: c\r
                X-Forwarded-Proto: https\r
                X-Forwarded-Host: a:1\r
                Forwarded: for=c;proto=https;host="a:1"\r
                X-Request-Id: r\r
                Connection: Upgrade\r
                Upgrade: websocket\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r
                Sec-WebSocket-Protocol: chat,log\r
                \r

                """)
    }

    @Test("the client's offer goes on when it is to pass")
    func passthrough() throws {
        let request = text(try handshake(passesExtensions: true).request)
        #expect(request.contains("\r\nSec-WebSocket-Extensions: permessage-deflate; x=1\r\n"))
    }

    @Test("fields of the client's connection stay here; what matters can't be named away")
    func hopByHop() throws {
        let request = text(
            try handshake(
                (
                    "Connection",
                    "Upgrade, X-Hop, Host, Sec-WebSocket-Key, Sec-WebSocket-Protocol, X-Forwarded-For, Forwarded"
                ),
                ("X-Hop", "1"), ("Keep-Alive", "5"), ("Proxy-Authorization", "x"), ("TE", "trailers"),
                ("Trailer", "y"),
                ("HTTP2-Settings", "z"), ("X-Forwarded-For", "first"), ("Content-Length", "0")
            ).request)
        for gone in [
            "X-Hop:", "Keep-Alive", "Proxy-", "TE:", "Trailer", "HTTP2", "Content-Length", Self.clientKey,
        ] {
            #expect(!request.contains(gone), "\(gone)")
        }
        for kept in [
            "host: a:1\r\n", "Sec-WebSocket-Protocol: chat,log\r\n", "X-Forwarded-For: c\r\n",
        ] {
            #expect(request.contains(kept), "\(kept)")
        }
    }

    @Test("a right 101 is accepted, with its subprotocol")
    func accepted() throws {
        let head = answer(("Sec-WebSocket-Protocol", "log"), ("Set-Cookie", "a=b"))
        let expected = AcceptedUpgrade(subprotocol: Subprotocol("log"), extensions: nil, fields: head.fields)
        #expect(try handshake().check(head) == .accepted(expected))
        let plain = answer()
        #expect(
            try handshake().check(plain)
                == .accepted(AcceptedUpgrade(subprotocol: nil, extensions: nil, fields: plain.fields)))
    }

    @Test("an answer to a passed offer is accepted and handed on")
    func acceptedExtensions() throws {
        let head = answer(("Sec-WebSocket-Extensions", "permessage-deflate;y"))
        let expected = AcceptedUpgrade(
            subprotocol: nil, extensions: "permessage-deflate; y", fields: head.fields)
        #expect(try handshake(passesExtensions: true).check(head) == .accepted(expected))
    }

    @Test("any other final status is the backend's refusal, other 1xx are interim")
    func otherStatus() throws {
        for status in [200, 204, 302, 401, 404, 426, 503] {
            #expect(try handshake().check(answer(status: status)) == .refused(answer(status: status)))
        }
        for status in [100, 102, 103] { #expect(try handshake().check(answer(status: status)) == .interim) }
    }

    @Test("a 101 that can't be believed is an error")
    func wrong() throws {
        let cases: [(ResponseHead, ClientHandshakeError)] = [
            (answer(upgrade: "h2c"), .missingUpgrade), (answer(connection: "close"), .missingUpgrade),
            (answer(accept: nil), .wrongAccept),
            (answer(accept: WebSocketKey.accept(Self.clientKey)), .wrongAccept),
            (answer(("sec-websocket-accept", WebSocketKey.accept(Self.key))), .wrongAccept),
            (answer(("Sec-WebSocket-Protocol", "other")), .unknownSubprotocol("other")),
            (answer(("Sec-WebSocket-Protocol", "Chat")), .unknownSubprotocol("Chat")),
            (answer(("Sec-WebSocket-Protocol", "chat, log")), .unknownSubprotocol("chat, log")),
            (
                answer(("Sec-WebSocket-Protocol", "chat"), ("Sec-WebSocket-Protocol", "log")),
                .unknownSubprotocol("chat")
            ),
            (
                answer(("Sec-WebSocket-Extensions", "permessage-deflate")),
                .unknownExtension("permessage-deflate")
            ),
            (answer(("Sec-WebSocket-Extensions", "a b")), .malformedExtensions),
        ]
        let sent = try handshake()
        for (head, error) in cases {
            #expect(throws: error) { try sent.check(head) }
            #expect(!error.reason.isEmpty)
        }
        let passing = try handshake(passesExtensions: true)
        #expect(throws: ClientHandshakeError.unknownExtension("y")) {
            try passing.check(answer(("Sec-WebSocket-Extensions", "permessage-deflate, y")))
        }
    }
}
