import HTTPProtocol
import Testing

@Suite("Sec-WebSocket-Key")
struct WebSocketKeyTests {
    @Test("the examples of RFC 6455, 1.3 and 4.1")
    func examples() {
        #expect(WebSocketKey.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(WebSocketKey.make(from: Array(1...16)) == "AQIDBAUGBwgJCgsMDQ4PEA==")
        #expect(
            WebSocketKey.make(from: (0x0807_0605_0403_0201, 0x100F_0E0D_0C0B_0A09))
                == "AQIDBAUGBwgJCgsMDQ4PEA==")
        #expect(WebSocketKey.accept("") == "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=")
        #expect(WebSocketKey.isValid("AQIDBAUGBwgJCgsMDQ4PEA=="))
    }

    @Test(
        "anything but 16 bytes in base64 is refused",
        arguments: [
            "", "AQIDBAUGBwgJCgsMDQ4P", "AQIDBAUGBwgJCgsMDQ4PEBE=", "AQIDBAUGBwgJCgsMDQ4PEBES",
            "AQIDBAUGBwgJCgsMDQ4PEA=",
            "AQIDBAUGBwgJCgsMDQ4PEA===", "!!!!!!!!!!!!!!!!!!!!!!!!", "AQIDBAUGBwgJCgsMDQ4P-A==",
            "AQIDBAUGBwgJCgsMDQ4P==A=",
            "AQIDBAUGBwgJCgsMDQ4 EA==", "AQIDBAUGBwgJCgsMDQ4éA==",
        ])
    func invalid(_ key: String) { #expect(!WebSocketKey.isValid(key)) }
}
