import HTTPProtocol
import Testing

@Suite("Addresses as text")
struct AddressTextTests {
    @Test(arguments: [
        ("::", Array(repeating: UInt8(0), count: 16)),
        ("::1", Array(repeating: 0, count: 15) + [1]),
        ("1::", [0, 1] + Array(repeating: 0, count: 14)),
        ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
        ("::ffff:192.0.2.1", Array(repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1]),
        ("FE80::abcd", [0xFE, 0x80] + Array(repeating: 0, count: 12) + [0xAB, 0xCD]),
    ])
    func ipv6(text: String, bytes: [UInt8]) { #expect(AddressText.ipv6(text[...]) == bytes) }

    @Test(arguments: [
        "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "g::",
        "::1%eth0",
        "1.2.3.4::", "::1.2.3", ":1::", "1:", "::1:", "[::1]", "+1::",
    ])
    func noIPv6(text: String) { #expect(AddressText.ipv6(text[...]) == nil) }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "1..2.3", "256.1.1.1", "01.1.1.1", " 1.1.1.1", "1.1.1.1 ", "+1.1.1.1",
    ])
    func noIPv4(text: String) { #expect(AddressText.ipv4(text[...]) == nil) }

    @Test(
        "addresses that stand for any machine, or for many",
        arguments: [
            ("0.0.0.0", false), ("0.1.2.3", false), ("1.0.0.0", true), ("223.255.255.255", true),
            ("224.0.0.1", false), ("239.255.255.255", false), ("240.0.0.1", true), ("255.255.255.254", true),
            ("255.255.255.255", false), ("127.0.0.1", true), ("::", false), ("::1", true), ("ff02::1", false),
            ("fe80::1", true), ("::ffff:0.0.0.0", false), ("::ffff:224.0.0.1", false),
            ("::ffff:10.0.0.1", true),
            ("::ffff:0:0", false), ("2001:db8::", true),
        ])
    func peers(text: String, isOfOne: Bool) throws {
        let bytes = try #require(AddressText.ipv4(text[...]) ?? AddressText.ipv6(text[...]))
        #expect(AddressText.isOfOnePeer(bytes) == isOfOne)
    }

    @Test func ports() {
        #expect(AddressText.port("0") == 0 && AddressText.port("65535") == 65535)
        for text in ["", "65536", "99999", "-1", "00", "1a"] { #expect(AddressText.port(text[...]) == nil) }
    }
}
