import Configuration
import HTTPProtocol
import Testing

@Suite("Who is believed")
struct ProxyConfigurationTests {
    @Test("nobody by default, and underscores are dropped")
    func defaults() {
        let loaded = load()
        #expect(loaded.value?.trustedProxies == TrustedProxies() && loaded.value?.underscoreFields == .drop)
    }

    @Test("addresses, ranges and Unix sockets")
    func proxies() {
        let loaded = load(
            rest: "trusted_proxies: [10.0.0.0/8, \"2001:db8::1\", unix]\nunderscore_fields: pass")
        #expect(loaded.said == [] && loaded.value?.underscoreFields == .pass)
        for address in ["10.2.3.4", "2001:db8::1", "unix:"] {
            #expect(loaded.value?.trustedProxies.contains(address) == true)
        }
        #expect(loaded.value?.trustedProxies.contains("192.0.2.1") == false)
    }

    @Test("complaints stand in their places")
    func complaints() {
        #expect(
            load(rest: "trusted_proxies: [localhost]").said == [
                "f:4:19: 'localhost' is none of 'trusted_proxies', expected an address such as 10.0.0.1, a range such as"
                    + " 10.0.0.0/8 or 2001:db8::/32, or unix"
            ])
        #expect(load(rest: "underscore_fields: maybe").said.count == 1)
    }

    @Test("a route is tied to a listener that has its name")
    func listeners() {
        let loaded = load(listener: ", name: public", route: ", match: { listener: public }")
        #expect(loaded.said == [] && loaded.value?.routes.first?.match.listener == "public")
        #expect(
            load(listener: ", name: public", route: ", match: { listener: pubic }").words == [
                "no listener has the name 'pubic', did you mean 'public'?"
            ])
        let twice = load(
            """
            listeners: [{ name: a, address: "127.0.0.1:1" }, { name: a, address: "127.0.0.1:2" }]
            routes: [{ name: r, respond: { status: 200 } }]
            """)
        #expect(twice.said == ["f:1:58: two listeners are named 'a'"])
    }
}
