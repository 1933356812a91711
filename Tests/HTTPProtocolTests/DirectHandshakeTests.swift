import Testing

@testable import HTTPProtocol

/// What is written at once is what is composed line by line.
@Suite("Handshakes that are written at once")
struct DirectHandshakeTests {
    private static let key = "AQIDBAUGBwgJCgsMDQ4PEA=="

    private func both(
        _ said: HeaderFields, client: String = "192.0.2.1", isSecure: Bool = true, port: UInt16 = 0,
        target: RequestTarget = "/a?b", extensions: [ExtensionOffer] = [],
        change: (inout Forwarding) -> Void = { _ in }
    ) -> (direct: [UInt8]?, composed: [UInt8]) {
        let (client, left) = known(client, saying: said)
        var forwarding = Forwarding(
            client, over: Forwarding.Connection(isSecure: isSecure, port: port), requestID: "r1")
        change(&forwarding)
        let head = RequestHead(method: "GET", target: "/", fields: left)
        let offer = HandshakeOffer(OfferedSubprotocols(left), extensions)
        return (
            DirectHandshake.request(
                head, target: target, forwarding: forwarding, key: Self.key, offer: offer),
            ClientHandshake.composed(
                head, target: target, forwarding: forwarding, key: Self.key, offer: offer)
        )
    }

    private static let heads: [KeyValuePairs<String, String>] = [
        [:], ["Host": "a"], ["host": "a.example:8443"], ["Host": "[::1]:80"], ["Host": ""],
        [
            "Host": "a", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x",
            "Origin": "o",
        ],
        [
            "X": "1", "Host": "a", "Connection": "keep-alive, Upgrade", "Y": "2", "Keep-Alive": "5",
            "Z": "\u{fc}",
        ],
        [
            "Host": "a", "X-Forwarded-For": "1.2.3.4", "Forwarded": "for=x", "X-Request-Id": "mine",
            "Cookie": "c",
        ],
        [
            "Host": "a", "Sec-WebSocket-Protocol": "chat, log", "Sec-WebSocket-Protocol": "b",
            "TE": "trailers",
        ],
        ["Host": "a", "Content-Length": "0", "Sec-WebSocket-Extensions": "x", "Trunkline-Resume": "y"],
        [
            "Host": "a", "X-Real-IP": "1", "x_real_ip": "2", "X-SSL-Y": "3",
            "A": String(repeating: "v", count: 900),
        ],
    ]

    @Test("they are the same, byte for byte", arguments: 0..<11)
    func same(index: Int) throws {
        var said = HeaderFields()
        for (name, value) in Self.heads[index] { said.append(name, value) }
        for client in ["192.0.2.1", "2001:db8::1", "fe80::1%eth0"] {
            for (isSecure, port) in [(true, 0), (false, 80), (true, 443), (true, 65_535)] as [(Bool, UInt16)]
            {
                for offer in [[], [ExtensionOffer("permessage-deflate", [.init("a", "1"), .init("b")])]] {
                    let (direct, composed) = both(
                        said, client: client, isSecure: isSecure, port: port,
                        target: port == 80 ? "/only" : "/a/b?c=d", extensions: offer)
                    #expect(text(try #require(direct)) == text(composed))
                }
            }
        }
    }

    @Test("what has more to be decided is composed")
    func others() {
        let said = fields(("Host", "a"), ("Connection", "Upgrade"))
        #expect(both(said).direct != nil)
        #expect(both(said, client: "unix:").direct == nil)
        #expect(both(said) { $0.edits = FieldEdits() }.direct == nil)
        #expect(both(said) { $0 = $0.shared(tellingApartBy: []) }.direct == nil)
        #expect(both(fields(("Host", "a"), ("Connection", "Upgrade, X"), ("X", "1"))).direct == nil)
        for host in ["a b", "a\"b", "a\\b", "a\u{fc}"] { #expect(both(fields(("Host", host))).direct == nil) }
        let believed = KnownClients.believed(said)
        #expect(
            DirectHandshake.request(
                RequestHead(method: "GET", target: "/", fields: believed.fields), target: "/",
                forwarding: Forwarding(
                    believed.client, over: Forwarding.Connection(isSecure: true), requestID: "r"),
                key: Self.key, offer: HandshakeOffer(OfferedSubprotocols(said), [])) == nil)
    }

    private enum KnownClients {
        static func believed(_ said: HeaderFields) -> (client: KnownClient, fields: HeaderFields) {
            known("10.0.0.1", saying: said, trusting: ["10.0.0.0/8"])
        }
    }

    @Test("a writer whose room is too small takes more")
    func room() {
        var writer = WireWriter(room: 1)
        for part in ["", "abc", "d", String(repeating: "e", count: 400)] { writer.put(part) }
        for number in [0, 7, 10, 443, 10_000, 65_535] as [UInt16] { writer.put(number) }
        #expect(text(writer.finish()) == "abcd" + String(repeating: "e", count: 400) + "07104431000065535")
    }
}
