import Access
import HTTPProtocol
import Testing

struct AddressRulesTests {
    private func list(_ ranges: String...) throws -> TrustedProxies {
        TrustedProxies(
            ranges: try ranges.filter { $0 != "unix" }.map { try #require(AddressRange($0)) },
            trustsUnixSockets: ranges.contains("unix"))
    }

    @Test("who is allowed, when that is said, and all but those denied, when only that is")
    func lists() throws {
        let allow = AddressRules([(.allow, try list("10.0.0.0/8", "2001:db8::/32", "unix"))])
        #expect(["10.1.2.3", "2001:db8::1", "unix:", "::ffff:10.0.0.1"].allSatisfy { allow.allows($0) })
        #expect(["11.0.0.1", "2001:db9::1", "", "no address"].allSatisfy { !allow.allows($0) })
        let deny = AddressRules([(.deny, try list("10.0.0.0/8"))])
        #expect(!deny.allows("10.1.2.3") && deny.allows("11.0.0.1") && deny.allows("unix:"))
        #expect(AddressRules().allows("1.2.3.4"))
    }

    @Test("an IPv4 address is the same in IPv6, and in no other spelling")
    func mapped() throws {
        let deny = AddressRules([(.deny, try list("10.0.0.0/8"))])
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "::FFFF:0a01:0203", "0:0:0:0:0:ffff:10.1.2.3"] {
            #expect(!deny.allows(address), "\(address)")
        }
        let allow = AddressRules([(.allow, try list("10.0.0.0/8", "::1"))])
        for address in [
            "::10.1.2.3", "64:ff9b::10.1.2.3", "010.1.2.3", "10.1.2.3 ", "10.1.2", "::1%lo0x", "::",
        ] {
            #expect(allow.allows(address) == (address == "::1%lo0x"), "\(address)")
        }
        #expect(!AddressRules([(.allow, try list("0.0.0.0/0"))]).allows("2001:db8::1"))
        #expect(AddressRules([(.allow, try list("0.0.0.0/0"))]).allows("::ffff:1.2.3.4"))
    }

    @Test("the first match decides")
    func order() throws {
        let narrow = try list("10.1.0.0/16")
        let wide = try list("10.0.0.0/8")
        let rules = AddressRules([(.deny, narrow), (.allow, wide)])
        #expect(!rules.allows("10.1.0.1") && rules.allows("10.2.0.1") && !rules.allows("1.1.1.1"))
        #expect(AddressRules([(.allow, wide), (.deny, narrow)]).allows("10.1.0.1"))
    }
}
