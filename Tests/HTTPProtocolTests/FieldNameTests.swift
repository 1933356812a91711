import Testing

@testable import HTTPProtocol

@Suite("Names of fields of our own")
struct FieldNameTests {
    private func wire(_ fields: HeaderFields) -> String {
        var bytes: [UInt8] = []
        fields.write(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "a field that is added by one is the same as by its text, whatever its value has in it",
        arguments: [
            "", "a", " \t", "  a b\t", "a\r\nEvil: yes", "\u{0}", "ü", "a\u{7F}",
            String(repeating: "x", count: 3000),
        ])
    func same(value: String) {
        let names: [(FieldName, String)] = [
            (.accept, "Sec-WebSocket-Accept"), (.extensions, "Sec-WebSocket-Extensions"),
            (.forwarded, "Forwarded"), (.forwardedFor, "X-Forwarded-For"),
            (.forwardedHost, "X-Forwarded-Host"),
            (.forwardedPort, "X-Forwarded-Port"), (.forwardedPrefix, "X-Forwarded-Prefix"),
            (.forwardedScheme, "X-Forwarded-Proto"), (.host, "Host"), (.key, "Sec-WebSocket-Key"),
            (.realAddress, "X-Real-IP"), (.requestID, "X-Request-Id"), (.version, "Sec-WebSocket-Version"),
        ]
        var (named, spelled) = (HeaderFields(), HeaderFields())
        for (name, text) in names {
            named.append(name, value)
            spelled.append(text, value)
        }
        #expect(named == spelled)
        #expect(wire(named).split(separator: "\r\n").count == names.count)
        #expect(!wire(named).contains("\r\nEvil"))
    }

    @Test("what asks for a WebSocket stands as backends look it up")
    func upgrade() {
        #expect(wire(.upgrade) == "Upgrade: websocket\r\nConnection: Upgrade\r\n")
        #expect(
            wire(.upgradeOfThirteen)
                == "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
    }
}
