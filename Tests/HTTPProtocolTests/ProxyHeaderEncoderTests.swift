import HTTPProtocol
import Testing

@Suite("PROXY protocol, sent")
struct ProxyHeaderEncoderTests {
    private let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

    @Test("IPv4, byte by byte")
    func four() {
        let ends = ConnectionEnds(clientPort: 0x1234, server: "10.0.0.1", serverPort: 443)
        #expect(
            ProxyHeaderEncoder.version2(client: "192.0.2.7", ends)
                == signature + [0x21, 0x11, 0, 12, 192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x34, 1, 187])
    }

    @Test("IPv6, and a server address of the other family")
    func six() {
        let header = ProxyHeaderEncoder.version2(
            client: "2001:db8::1%eth0", ConnectionEnds(clientPort: 1, server: "10.0.0.1", serverPort: 2))
        #expect(header.count == 52 && Array(header[12..<16]) == [0x21, 0x21, 0, 36])
        #expect(
            Array(header[16..<32]) == [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1])
        #expect(Array(header[42..<48]) == [255, 255, 10, 0, 0, 1] && Array(header[48...]) == [0, 1, 0, 2])
    }

    @Test("our own parser reads what we write")
    func roundTrip() throws {
        for (client, bytes) in [("192.0.2.7", 4), ("2001:db8::1", 16)] {
            var parser = ProxyHeaderParser()
            let header = ProxyHeaderEncoder.version2(client: client, nil)
            let read = try #require(try parser.feed(header.span))
            guard case .proxied(let source, 0) = read.header else {
                Issue.record("\(read)")
                continue
            }
            #expect(source.count == bytes && read.used == header.count)
        }
        var parser = ProxyHeaderParser()
        let read = try #require(try parser.feed(ProxyHeaderEncoder.version2(client: "unix:", nil).span))
        #expect(read.header == .local && ProxyHeaderEncoder.local.count == 16)
    }
}
