import HTTPProtocol
import Testing

@Suite("A request that is kept")
struct KeptRequestTests {
    private static let said = fields(
        ("Host", "a:81"), ("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"), ("Sec-WebSocket-Protocol", "chat, \"x"),
        ("Cookie", "a=b; c=d"), ("X-Empty", ""), ("Cookie", "e=f"))

    private func head(_ said: HeaderFields, _ target: RequestTarget = "/a?b=c") -> RequestHead {
        RequestHead(method: "GET", target: target, fields: said)
    }

    /// What a backend is asked with, by the head as it came and as it was kept.
    private func asked(
        _ said: HeaderFields, trusting: [String] = [], _ connection: Forwarding.Connection,
        prefix: String? = nil, target: RequestTarget = "/a?b=c"
    ) throws -> (before: [UInt8], after: [UInt8], kept: KeptRequest) {
        let (client, left) = known("10.0.0.2", saying: said, trusting: trusting)
        let head = self.head(left)
        let forwarding = Forwarding(client, over: connection, requestID: "id", prefix: prefix)
        guard case .upgrade(let upgrade) = ServerHandshake.judge(head) else { throw HeadError.bareLineFeed }
        let kept = KeptRequest(head, target: target, forwarding: forwarding)
        let contents = kept.contents(requestID: "id")
        func request(
            _ head: RequestHead, _ upgrade: UpgradeRequest, _ target: RequestTarget, _ forwarding: Forwarding
        ) -> [UInt8] {
            ClientHandshake(
                head, upgrade: upgrade, target: target, forwarding: forwarding, key: "k", offers: []
            ).request
        }
        #expect(contents.upgrade.subprotocols == upgrade.subprotocols)
        #expect(contents.head.target == head.target)
        #expect(contents.forwarding == forwarding)
        return (
            request(head, upgrade, target, forwarding),
            request(contents.head, contents.upgrade, contents.target, contents.forwarding), kept
        )
    }

    @Test("backends are asked for the same by it, byte for byte")
    func same() throws {
        let certificate = ForwardedCertificate(
            der: [1, 2, 0, 255], fingerprint: [3, 0], subject: "CN=\"ä\"")
        let ends = ConnectionEnds(clientPort: 65535, server: "::1", serverPort: 443)
        let connections: [Forwarding.Connection] = [
            .init(isSecure: false), .init(isSecure: true, port: 443, ends: ends),
            .init(isSecure: true, port: 65535, certificate: certificate),
            .init(isSecure: true, asksForCertificates: true),
        ]
        var believed = Self.said
        believed.append("X-Forwarded-For", "1.1.1.1, 2.2.2.2")
        believed.append("X-Forwarded-Proto", "https")
        believed.append("Client-Cert", ":x:")
        for connection in connections {
            for (said, trusted) in [(Self.said, []), (believed, ["10.0.0.2"])] {
                for (prefix, target) in [(nil, "/a?b=c"), ("/a", "/?b=c")] as [(String?, RequestTarget)] {
                    let asked = try asked(
                        said, trusting: trusted, connection, prefix: prefix, target: target)
                    #expect(asked.before == asked.after)
                }
            }
        }
    }

    @Test("a Connection that names fields takes them away then, too")
    func connection() throws {
        var said = fields(("Host", "a"), ("Connection", "Upgrade, X-Secret"), ("X-Secret", "s"))
        for (name, value) in [
            ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] { said.append(name, value) }
        let asked = try asked(said, .init(isSecure: false))
        #expect(asked.before == asked.after)
        #expect(!String(decoding: asked.after, as: UTF8.self).contains("X-Secret"))
    }

    @Test("bytes over 127 stay as they are")
    func opaque() throws {
        var said = Self.said
        said.append("Cookie", bytes: [0xff, 0xfe, 58, 0x80])
        let asked = try asked(said, .init(isSecure: false))
        #expect(asked.before == asked.after)
    }

    @Test("it takes little more than its fields")
    func size() throws {
        let kept = try asked(Self.said, .init(isSecure: true, port: 443)).kept
        #expect(kept.keptBytes < 200)
        #expect(kept.keptBytes < head(Self.said).keptBytes / 2)
    }
}
