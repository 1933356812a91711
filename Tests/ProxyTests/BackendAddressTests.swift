import EventLoop
import HTTPProtocol
import Testing

@Suite("Addresses of backends")
struct BackendAddressTests {
    @Test("what proxy.conf refuses is what is left out of a name server's answers")
    func peers() throws {
        let texts =
            (0...255).flatMap { ["\($0).0.0.0", "\($0).255.255.255", "\($0).0.0.1"] }
            + ["::", "::1", "::ffff", "::1:0:0", "1::", "fe80::1", "ff00::", "ffff::1", "0:0:0:1::"]
        for text in texts + texts.filter({ $0.contains(".") }).flatMap({ ["::\($0)", "::ffff:\($0)"] }) {
            let bytes = try #require(AddressText.ipv4(text[...]) ?? AddressText.ipv6(text[...]))
            let address = try #require(SocketAddress(ip: text, port: 80))
            #expect(AddressText.isOfOnePeer(bytes) == address.isOfOnePeer, "\(text)")
        }
    }
}
