import HTTPProtocol
import Testing

@Suite("Server handshake")
struct ServerHandshakeTests {
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    private func request(
        method: String = "GET", minorVersion: Int = 1, without: [String] = [], _ more: (String, String)...
    ) -> RequestHead {
        var all = fields(
            ("Host", "a"), ("Upgrade", "WebSocket"), ("Connection", "keep-alive, upgrade"),
            ("Sec-WebSocket-Key", Self.key), ("Sec-WebSocket-Version", "13"))
        for name in without { all.remove(name) }
        for (name, value) in more { all.append(name, value) }
        return RequestHead(method: method, target: "/", minorVersion: minorVersion, fields: all)
    }

    private func status(_ head: RequestHead) -> Int? {
        guard case .refuse(let refusal) = ServerHandshake.judge(head) else { return nil }
        return refusal.status
    }

    @Test("a proper request is an upgrade, with what it offers")
    func upgrade() {
        let head = request(
            ("Sec-WebSocket-Protocol", "chat, log"), ("Sec-WebSocket-Extensions", "x; y=1"),
            ("Content-Length", "0"))
        guard case .upgrade(let upgrade) = ServerHandshake.judge(head) else {
            Issue.record("refused")
            return
        }
        #expect(upgrade.key == Self.key)
        #expect(upgrade.subprotocols.names.map(\.description) == ["chat", "log"])
        #expect(upgrade.extensions == [ExtensionOffer("x", [.init("y", "1")])])
    }

    @Test("an Upgrade that is to be ignored makes no upgrade: the request is plain, whatever else it has")
    func plain() {
        let heads = [
            request(without: ["upgrade"]), request(without: ["upgrade"], ("Upgrade", "h2c")),
            request(without: ["upgrade"], ("Upgrade", "h2c, TLS/1.0")),
            request(method: "POST", without: ["upgrade"], ("Upgrade", "h2c")),
            // RFC 9110, 7.8.
            request(minorVersion: 0),
            request(minorVersion: 0, without: ["connection"], ("Connection", "close")),
            request(method: "POST"), request(method: "get"), request(method: "POST", ("Content-Length", "5")),
            // RFC 9110, 7.6.1.
            request(without: ["connection"]), request(without: ["connection"], ("Connection", "close")),
        ]
        for head in heads { #expect(ServerHandshake.judge(head) == .plain, "\(text(head.encoded))") }
    }

    @Test("several protocols to choose from, or several lines, are an upgrade when ours is among them")
    func among() {
        for head in [
            request(without: ["upgrade"], ("Upgrade", "h2c, WebSocket")),
            request(without: ["connection"], ("Connection", "keep-alive"), ("Connection", "UPGRADE")),
        ] {
            guard case .upgrade = ServerHandshake.judge(head) else {
                Issue.record("\(text(head.encoded))")
                continue
            }
        }
    }

    @Test("malformed upgrades are 400")
    func malformed() {
        let heads = [
            request(without: ["sec-websocket-key"]),
            request(("sec-websocket-key", Self.key)),
            request(without: ["sec-websocket-key"], ("Sec-WebSocket-Key", "c2hvcnQ=")),
            request(("Content-Length", "5")), request(("Transfer-Encoding", "chunked")),
            request(("Sec-WebSocket-Extensions", "a b")),
        ]
        for head in heads { #expect(status(head) == 400, "\(text(head.encoded))") }
    }

    @Test("another, a repeated or no version is 426 with the right one")
    func versions() throws {
        let heads = [
            request(without: ["sec-websocket-version"]), request(("Sec-WebSocket-Version", "13")),
            request(without: ["sec-websocket-version"], ("Sec-WebSocket-Version", "8")),
            request(without: ["sec-websocket-version"], ("Sec-WebSocket-Version", "13, 8")),
        ]
        for head in heads {
            guard case .refuse(let refusal) = ServerHandshake.judge(head) else {
                Issue.record("accepted")
                continue
            }
            let answer = text(Refusal(refusal).response(isToHead: false))
            #expect(answer.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
            #expect(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"))
            #expect(answer.contains("\r\nUpgrade: websocket\r\n"))
        }
    }

    @Test("the 101 is ours, with the backend's application fields and no field of its own connection")
    func answer() {
        guard case .upgrade(let upgrade) = ServerHandshake.judge(request()) else {
            Issue.record("refused")
            return
        }
        let backend = fields(
            ("Upgrade", "websocket"), ("connection", "Upgrade, X-Hop"), ("Sec-WebSocket-Accept", "wrong"),
            ("sec-websocket-extensions", "permessage-deflate"), ("Sec-WebSocket-Protocol", "other"),
            ("X-Hop", "1"),
            ("Keep-Alive", "5"), ("Content-Length", "0"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"),
            ("X-App", "1"))
        let bytes = ServerHandshake.answer(
            to: upgrade, subprotocol: Subprotocol("chat"), extensions: "permessage-deflate",
            backendFields: backend)
        #expect(
            text(bytes) == """
                HTTP/1.1 101 Switching Protocols\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
                Sec-WebSocket-Protocol: chat\r
                Sec-WebSocket-Extensions: permessage-deflate\r
                Set-Cookie: a=b\r
                Set-Cookie: c=d\r
                X-App: 1\r
                \r

                """)
    }
}
