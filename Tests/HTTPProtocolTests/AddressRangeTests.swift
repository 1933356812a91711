import HTTPProtocol
import Testing

@Suite("Ranges of addresses")
struct AddressRangeTests {
    @Test(
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/8", "10.9.9.9", true), ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.128/25", "192.0.2.200", true), ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true), ("2001:db8::/33", "2001:db8:8000::", false),
            ("2001:db8::/33", "2001:db8:7fff::1%eth0", true), ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("::1", "0:0:0:0:0:0:0:1", true),
        ])
    func holdsTheirs(range: String, address: String, isIn: Bool) throws {
        let bytes = try #require(AddressRange.bytes(address[...]))
        #expect(try #require(AddressRange(range)).contains(bytes) == isIn)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "a",
    ])
    func takesNoOther(text: String) {
        #expect(AddressRange(text) == nil)
    }
}
