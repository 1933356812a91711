import Testing

@testable import Configuration

@Suite("Listeners")
struct ListenerConfigurationTests {
    private func load(_ address: String) -> Loaded {
        ConfigurationTests.load("listeners: [{ address: '\(address)' }]\nroutes: [{ name: a, respond: {} }]")
    }

    @Test("defaults: plain text, both protocols, nothing before the request")
    func defaults() throws {
        let listener = try #require(load("0.0.0.0:8080").value?.listeners.first)
        #expect(listener.address.value == .ip("0.0.0.0", port: 8080) && listener.tls == nil)
        #expect(listener.protocols == ["h2", "http/1.1"])
        #expect(!listener.readsProxyHeader && listener.redirectPort == nil)
    }

    @Test(
        "every address of this machine may be listened on",
        arguments: ["[::]:8443", "unix:/run/t.sock", "127.0.0.1:0"])
    func addresses(address: String) { #expect(load(address).said == []) }

    @Test(
        "a name may not, nor what is no address",
        arguments: ["dns:a:80", "localhost:80", "8443", ":80", "*:80"])
    func badAddresses(address: String) {
        #expect(
            load(address).said == [
                "f:1:24: '\(address)' is no address to listen on, expected one such as 0.0.0.0:8443, [::]:8443 or unix:/run/trunkline.sock"
                    + (Habits.listener(address) ?? "")
            ])
    }

    @Test("one address twice is complained of at the second, but for ports that the kernel chooses")
    func twice() {
        let two = { (port: Int) in
            ConfigurationTests.load(
                """
                listeners: [{ address: "127.0.0.1:\(port)" }, { address: "127.0.0.1:\(port)" }]
                routes: [{ name: a, respond: {} }]
                """
            ).said
        }
        #expect(two(0) == [] && two(80) == ["f:1:53: address '127.0.0.1:80' is listened on twice"])
    }

    @Test("every key is read")
    func keys() throws {
        let loaded = ConfigurationTests.load(
            listener: ", protocols: [http/1.1], proxy_protocol: accept, redirect_to_https: true")
        let listener = try #require(loaded.value?.listeners.first)
        #expect(loaded.said == [] && listener.protocols == ["http/1.1"])
        #expect(listener.readsProxyHeader && listener.redirectPort == 443)
        #expect(ConfigurationTests.load(listener: ", proxy_protocol: off").said == [])
    }

    @Test(
        "what makes no sense is one complaint",
        arguments: [
            ("protocols: [h3]", "f:1:54: unknown protocol 'h3', expected h2 or http/1.1"),
            ("protocols: []", "f:1:13: 'protocols' of listener 1 is empty, expected h2 or http/1.1"),
            ("protocols: h2", "f:1:53: 'protocols' in listener 1 must be a list"),
            (
                "proxy_protocol: v1",
                "f:1:58: 'v1' is no valid 'proxy_protocol' in listener 1, expected off or accept"
            ),
            (
                "redirect_to_https: 1",
                "f:1:61: '1' is no valid 'redirect_to_https' in listener 1, expected true, false or { port: 8443 }"
            ),
            (
                "tls: {}",
                "f:1:47: 'tls' of listener 1 needs 'certificates', one or more, or 'acme' with names to get them for"
            ),
            (
                "tls: { certificates: [] }",
                "f:1:47: 'tls' of listener 1 needs 'certificates', one or more, or 'acme' with names to get them for"
            ),
            (
                "tls: { certificates: [{ certificate: c.pem }] }",
                "f:1:64: missing required key 'key' in 'certificates' of a listener"
            ),
            (
                "redirect_to_https: true, tls: { certificates: [{ certificate: c.pem, key: k.pem }] }",
                "f:1:13: 'redirect_to_https' is for plain listeners, but listener 1 has 'tls'"
            ),
        ])
    func complaints(keys: String, wanted: String) {
        #expect(ConfigurationTests.load(listener: ", \(keys)").said == [wanted])
    }

    @Test("no listener is complained of", arguments: ["", "listeners: []"])
    func none(text: String) {
        #expect(
            ConfigurationTests.load("\(text)\nroutes: [{ name: a, respond: {} }]").words.first?
                .contains("nothing would be listened on") == true)
    }
}
