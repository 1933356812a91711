import Testing

@testable import Configuration

@Suite("Address syntax")
struct AddressSyntaxTests {
    @Test("a name has no label without letters, but the root's", arguments: ["a..b", ".a", ".", "a.."])
    func emptyLabels(name: String) {
        #expect(!AddressSyntax.isHostName(name))
        #expect(AddressSyntax.isHostName("a.") && AddressSyntax.isHostName("_ws._tcp.a"))
    }

    @Test(
        "each spelling",
        arguments: [
            ("127.0.0.1:80", .ip("127.0.0.1", port: 80)), ("[::1]:8443", .ip("::1", port: 8443)),
            ("[::ffff:10.0.0.1]:1", .ip("::ffff:10.0.0.1", port: 1)),
            ("unix:/run/a.sock", .unix("/run/a.sock")),
            ("dns:backend.internal:9001", .name("backend.internal", port: 9001)),
            ("dns:_ws._tcp.app.internal", .name("_ws._tcp.app.internal", port: 0)),
            ("dns:_odd.internal:9001", .name("_odd.internal", port: 9001)),
            ("0.0.0.0:0", .ip("0.0.0.0", port: 0)),
        ] as [(String, Address)])
    func good(text: String, wanted: Address) { #expect(AddressSyntax.parse(text) == wanted) }

    @Test(
        "what is no address",
        arguments: [
            "", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "256.0.0.1:1",
            "1.2.3:80", "1.2.3.4.5:80", "::1:80", "[::1]", "[x]:1", "[]:80", "unix:relative", "unix:",
            "dns::80", "dns:name", "dns:_ws._tcp.app:0", "dns:_ws tcp", "dns:a:b:1", "1.2.3.+4:80",
            "127.0.0.1:+80", "127.0.0.1:080",
            "01.2.3.4:80", "[:::]:80", "[1:2]:80", "[::1.2.3]:80",
            "[fe80::1%eth0]:80", "dns:a b:1", "dns:ä:1",
        ])
    func bad(text: String) { #expect(AddressSyntax.parse(text) == nil) }

    @Test("a service is spelled as it is written, takes a place among backends, and has a domain")
    func service() {
        let text = "dns:_ws._tcp.app.internal"
        #expect(
            AddressSyntax.parse(text)?.description == text && AddressSyntax.parse(text)?.isService == true)
        #expect(AddressSyntax.parse("dns:_odd.internal:1")?.isService == false)
        #expect(Address.domain("_ws._tcp.app.internal") == "app.internal" && Address.domain("app") == "app")
    }

    @Test("a path that the kernel would cut is refused")
    func longPath() {
        #expect(AddressSyntax.parse("unix:/" + String(repeating: "a", count: 106)) != nil)
        #expect(AddressSyntax.parse("unix:/" + String(repeating: "a", count: 107)) == nil)
    }
}
