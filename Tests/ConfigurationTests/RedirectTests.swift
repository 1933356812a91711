import Configuration
import Testing

@Suite("Redirects to https")
struct RedirectTests {
    private static let tls = "tls: { certificates: [{ certificate: c.pem, key: k.pem }] }"

    /// A plain listener that redirects, and one with TLS for each address.
    private func load(_ redirect: String, beside addresses: [String]) -> Loaded {
        let others = addresses.map { "\n  - { address: '\($0)', \(Self.tls) }" }.joined()
        return ConfigurationTests.load(
            """
            listeners:
              - { address: "127.0.0.1:8080", redirect_to_https: \(redirect) }\(others)
            routes: [{ name: a, respond: {} }]
            """)
    }

    @Test(
        "true is the port of the only listener with TLS, or of the scheme",
        arguments: [
            ([], 443), (["0.0.0.0:8443"], 8443), (["0.0.0.0:443"], 443), (["unix:/t.sock"], 443),
            (["0.0.0.0:8443", "[::]:8443"], 8443), (["127.0.0.1:0"], 443),
        ] as [([String], UInt16)])
    func only(addresses: [String], port: UInt16) {
        let loaded = load("true", beside: addresses)
        #expect(loaded.said == [] && loaded.value?.listeners.first?.redirectPort == port)
    }

    @Test("several are told apart by the port")
    func several() {
        let two = ["0.0.0.0:8443", "0.0.0.0:443"]
        #expect(
            load("true", beside: two).said == [
                "f:2:16: 'redirect_to_https: true' could mean port 443 or 8443: write 'redirect_to_https: { port: 443 }'"
            ])
        let named = load("{ port: 8443 }", beside: two)
        #expect(named.said == [] && named.value?.listeners.first?.redirectPort == 8443)
        #expect(load("false", beside: two).value?.listeners.first?.redirectPort == nil)
    }

    @Test("what is no port")
    func complaints() {
        #expect(
            load("{ port: 0 }", beside: []).words == [
                "'0' is no valid 'port' in 'redirect_to_https' of listener 1, expected a whole number from 1 to 65535"
            ])
        #expect(
            load("{}", beside: []).words == [
                "missing required key 'port' in 'redirect_to_https' of listener 1"
            ])
        #expect(load("8443", beside: []).said.count == 1)
    }
}
