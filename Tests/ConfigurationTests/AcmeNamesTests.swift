import Configuration
import Testing

@Suite("Names that certificates are got for")
struct AcmeNamesTests {
    private static func load(_ acme: String, tls: String = "acme: [chat.example.com]") -> Loaded {
        ConfigurationTests.load(listener: ", tls: { \(tls) }", rest: acme)
    }

    @Test("names: those of hosts, each once")
    func names() {
        let loaded = Self.load(
            "acme: { challenges: [{ dns-01: { exec: x } }] }",
            tls: "acme: [A.example, a.example, \"*.b.example\"]")
        #expect(loaded.said == [])
        #expect(loaded.value?.issuedNames == ["a.example", "*.b.example"])
    }

    @Test(
        "what no certificate can be for is complained of",
        arguments: ["192.0.2.1", "a..b", "a b", "\"a.*.b\"", "\"*\"", "a.example.", "\"a:1\""])
    func badNames(_ name: String) {
        let said = Self.load("acme: {}", tls: "acme: [\(name)]").words
        #expect(said.count == 1 && said.first?.contains("is no name for a certificate") == true)
    }

    @Test("the names of the routes: exact hosts, of this listener")
    func routes() {
        let text = """
            listeners:
              - { address: "127.0.0.1:1443", name: a, tls: { acme: routes } }
              - { address: "127.0.0.1:2443", name: b, tls: { certificates: [{ certificate: c, key: k }] } }
            acme: {}
            routes:
              - { name: one, upstream: app, match: { host: One.example } }
              - { name: two, upstream: app, match: { host: two.example, listener: b } }
              - { name: three, upstream: app, match: { host: "*.example.com" } }
              - { name: four, upstream: app, match: { host: one.example, path: /x } }
              - { name: five, upstream: app }
            upstreams: { app: { backends: [{ address: "127.0.0.1:9001" }] } }
            """
        let loaded = ConfigurationTests.load(text)
        #expect(loaded.value?.issuedNames == ["one.example"])
        let none = Self.load("acme: {}", tls: "acme: routes")
        #expect(none.words == ["'acme: routes' finds no route with an exact host to get a certificate for"])
    }

    @Test("names need an authority, wildcards a program for DNS, a listener something to show")
    func needs() {
        #expect(Self.load("").words.first?.hasPrefix("'tls.acme' needs 'acme' at the top level") == true)
        #expect(
            Self.load("acme: {}", tls: "acme: [\"*.a.example\"]").words == [
                "'*.a.example' can only be proved by dns-01, which 'acme.challenges' doesn't have"
            ])
        #expect(Self.load("acme: {}", tls: "acme: []").words == ["'acme' of 'tls' of listener 1 is empty"])
        #expect(
            Self.load("acme: {}", tls: "acme: yes").words == [
                "'acme' of 'tls' of listener 1 must be a list of names, or routes"
            ])
        #expect(Self.load("acme: {}", tls: "").words.first?.contains("or 'acme' with names") == true)
    }
}
