import HTTPProtocol
import Testing

@Suite("PROXY protocol")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
    private static let four: [UInt8] = [192, 0, 2, 7, 10, 0, 0, 1, 0xC0, 0x01, 0x01, 0xBB]
    private static let six: [UInt8] =
        [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 9, count: 16)
        + [0xC0, 0x01, 0x01, 0xBB]

    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
    }

    private static func line(_ text: String) -> [UInt8] { Array(text.utf8) + [13, 10] }

    static let good: [([UInt8], ProxyHeader)] = [
        (line("PROXY TCP4 192.0.2.7 10.0.0.1 49153 443"), .proxied(source: [192, 0, 2, 7], port: 49153)),
        (
            line("PROXY TCP6 2001:db8::7 ::1 49153 443"),
            .proxied(source: Array(six.prefix(16)), port: 49153)
        ),
        (line("PROXY UNKNOWN"), .local),
        (line("PROXY UNKNOWN ffff::1 what ever 1 2"), .local),
        (binary(0x21, 0x11, four), .proxied(source: [192, 0, 2, 7], port: 49153)),
        (binary(0x21, 0x21, six), .proxied(source: Array(six.prefix(16)), port: 49153)),
        // Extensions behind the addresses.
        (binary(0x21, 0x11, four + [0x04, 0, 2, 1, 2]), .proxied(source: [192, 0, 2, 7], port: 49153)),
        (binary(0x20, 0x00, []), .local),
        (binary(0x20, 0x11, four), .local),
        (binary(0x21, 0x00, [1, 2, 3]), .local),
        (binary(0x21, 0x12, four), .local),
        (binary(0x21, 0x31, [UInt8](repeating: 1, count: 216)), .local),
        (binary(0x21, 0x77, [1]), .local),
    ]

    static let bad: [[UInt8]] = [
        Array("GET / HTTP/1.1\r\n".utf8),
        [0x16, 3, 1, 2, 0],
        line("PROXX TCP4 192.0.2.7 10.0.0.1 1 2"),
        line("PROXY TCP4 192.0.2.7  10.0.0.1 1 2"),
        line("PROXY TCP4 192.0.2.7 10.0.0.1 1"),
        line("PROXY TCP4 192.0.2.256 10.0.0.1 1 2"),
        line("PROXY TCP4 192.0.2.07 10.0.0.1 1 2"),
        line("PROXY TCP4 ::1 ::1 1 2"),
        line("PROXY TCP6 192.0.2.7 10.0.0.1 1 2"),
        line("PROXY TCP6 1::2::3 ::1 1 2"),
        line("PROXY TCP4 192.0.2.7 10.0.0.1 1 65536"),
        line("PROXY TCP4 192.0.2.7 10.0.0.1 01 2"),
        line("PROXY TCP4 192.0.2.7 10.0.0.1 -1 2"),
        line("PROXY UDP4 192.0.2.7 10.0.0.1 1 2"),
        line("PROXY UNKNOWNS"),
        Array("PROXY UNKNOWN\n".utf8),
        Array("PROXY UNKNOWN \(String(repeating: "x", count: 200))\r\n".utf8),
        signature + [0x11, 0x11, 0, 12] + four,
        signature + [0x22, 0x11, 0, 12] + four,
        signature + [0x21, 0x11, 0, 11] + four,
        signature + [0x21, 0x11, 0xFF, 0xFF],
        [13, 10, 13, 10, 1],
    ]

    @Test("good headers, at every split, with what follows left alone", arguments: good.indices)
    func accepts(index: Int) throws {
        let (bytes, wanted) = Self.good[index]
        let tail = Array("GET".utf8)
        for split in 0...bytes.count {
            var parser = ProxyHeaderParser()
            let first = Array(bytes[..<split])
            let second = Array(bytes[split...]) + tail
            if let (header, used) = try parser.feed(first.span) {
                #expect(header == wanted && used == split && split == bytes.count)
                continue
            }
            let (header, used) = try #require(try parser.feed(second.span))
            #expect(header == wanted, "split \(split)")
            #expect(second.count - used == tail.count)
        }
    }

    @Test("bad headers, at every split", arguments: bad.indices)
    func refuses(index: Int) {
        let bytes = Self.bad[index]
        for split in 0...bytes.count {
            #expect(throws: ProxyHeaderError.self) {
                var parser = ProxyHeaderParser()
                if try parser.feed(Array(bytes[..<split]).span) != nil { return }
                _ = try parser.feed(Array(bytes[split...]).span)
            }
        }
    }
}
