import Testing

@testable import Configuration

@Suite("Slips of habit")
struct HabitsTests {
    private func upstream(_ address: String) -> String {
        load(
            """
            listeners: [{ address: "127.0.0.1:8080" }]
            routes: [{ name: app, upstream: app }]
            upstreams: { app: { backends: [{ address: "\(address)" }] } }
            """
        ).said.joined()
    }

    @Test(
        "a backend's address is spelled right",
        arguments: [
            ("localhost:9001", "dns:localhost:9001"), ("app.internal:80", "dns:app.internal:80"),
            ("http://10.0.0.1:9001", "10.0.0.1:9001"), ("ws://app:9001/path", "dns:app:9001"),
            ("https://app", "dns:app:443', with 'tls: {}' in the upstream"),
            ("wss://10.0.0.1:9443", "10.0.0.1:9443', with 'tls: {}' in the upstream"),
            ("http://app", "dns:app:80"),
            ("9001", "127.0.0.1:9001"), (":9001", "127.0.0.1:9001"), ("10.0.0.1", "10.0.0.1:PORT"),
            ("::1:9001", "[::1]:9001"), ("/run/app.sock", "unix:/run/app.sock"), ("dns:app", "dns:app:PORT"),
        ])
    func backends(slip: String, right: String) {
        #expect(upstream(slip).contains("'\(slip)' is no address"))
        #expect(
            upstream(slip).hasSuffix(
                right.contains("', with") ? "did you mean '\(right)?" : "did you mean '\(right)'?"))
    }

    @Test(
        "an address to listen on is spelled right",
        arguments: [
            ("8443", "0.0.0.0:8443"), (":8443", "0.0.0.0:8443"), ("*:8443", "0.0.0.0:8443"),
            ("localhost:8443", "127.0.0.1:8443"), ("https://example.com:8443", "0.0.0.0:8443"),
            ("/run/t.sock", "unix:/run/t.sock"), ("::1:8443", "[::1]:8443"),
        ])
    func listeners(slip: String, right: String) {
        #expect(Habits.listener(slip) == ", did you mean '\(right)'?")
    }

    @Test("nothing is suggested that would be refused as well")
    func worthless() {
        for text in ["[::1%lo]:8443", "[x]:1"] { #expect(Habits.listener(text) == nil) }
        #expect(Habits.duration("0") == nil && Habits.duration("00") == nil)
        #expect(upstream("dns:a:0").hasSuffix(", and nothing listens on port 0"))
        #expect(upstream("127.0.0.1:0").hasSuffix(", and nothing listens on port 0"))
    }

    @Test("what is too large is so in any spelling")
    func tooLarge() { #expect(Habits.size("99999999999GiB") == nil) }

    @Test("a variable within braces stands in quotes")
    func variables() {
        #expect(Habits.brokenYAML("a: 1\nlog: { level: ${L} }\n", line: 2)?.hasSuffix("in quotes") == true)
        #expect(Habits.brokenYAML("a: ${L}\nlog: {\n", line: 2) == nil)
        #expect(Habits.brokenYAML("a", line: 9) == nil)
    }

    @Test(
        "a path is no pattern",
        arguments: [
            ("/api/*", ", did you mean '/api/': a path that ends in '/' takes all below it?"),
            ("/*", ", did you mean '/': a path that ends in '/' takes all below it?"),
            ("/a/*/b", ", patterns are for 'path_regex'"), ("^/api", ", patterns are for 'path_regex'"),
            ("~ ^/api", ", patterns are for 'path_regex'"),
            ("/.*", ", did you mean '/': a path that ends in '/' takes all below it?"),
            ("api", ", did you mean '/api'?"), ("https://example.com/api", ", did you mean '/api'?"),
        ])
    func paths(slip: String, hint: String) {
        let said = load(route: ", match: { path: '\(slip)' }").said
        #expect(said.count == 1 && said[0].hasSuffix(hint))
    }

    @Test(
        "a host is a name",
        arguments: [
            ("*", ", for any host leave it out"), ("example.com:8443", ", did you mean 'example.com'?"),
            ("https://example.com/x", ", did you mean 'example.com'?"),
            (".example.com", ", did you mean '*.example.com'?"),
        ])
    func hosts(slip: String, hint: String) {
        let said = load(route: ", match: { host: '\(slip)' }").said
        #expect(said.count == 1 && said[0].hasSuffix(hint))
    }

    @Test(
        "an origin is a scheme and a host",
        arguments: [
            ("*", ", for any page leave 'origins' out"),
            ("example.com", ", did you mean 'https://example.com'?"),
            ("http://example.com:81/", ", did you mean 'http://example.com:81'?"),
        ])
    func origins(slip: String, hint: String) {
        let said = load(route: ", origins: ['\(slip)']").said
        #expect(said.count == 1 && said[0].hasSuffix(hint))
    }

    @Test(
        "times and sizes have units",
        arguments: [
            ("timeouts: { idle: 30 }", "30s"), ("timeouts: { idle: 5min }", "5m"),
            ("timeouts: { idle: 1 hour }", "1h"),
            ("timeouts: { idle: 2 days }", "2d"), ("limits: { message: 16M }", "16MiB"),
            ("limits: { message: 16MB }", "16MiB"), ("limits: { buffer: 8k }", "8KiB"),
            ("limits: { buffer: 1g }", "1GiB"),
        ])
    func units(slip: String, right: String) {
        let said = load(rest: slip).said
        #expect(said.count == 1 && said[0].hasSuffix(", did you mean '\(right)'?"))
    }

    @Test(
        "words of other proxies are explained",
        arguments: [
            (
                load(route: ", proxy_pass: 'http://app'"),
                "unknown key 'proxy_pass' in route 'app': a route names one of 'upstreams'"
            ),
            (load(route: ", location: /x/"), "unknown key 'location' in route 'app': a place is a route"),
            (
                load(route: ", path: /x/"),
                "unknown key 'path' in route 'app': conditions of a route stand in 'match"
            ),
            (
                load(rest: "server: {}"),
                "unknown key 'server' in the configuration: an upstream has 'backends"
            ),
            (
                load(listener: ", ssl_certificate: c.pem"),
                "unknown key 'ssl_certificate' in listener 1: TLS of a listener"
            ),
            (load(upstream: ", ip_hash: true"), "unknown key 'ip_hash' in upstream 'app': the same backend"),
        ])
    func words(loaded: Loaded, begins: String) {
        #expect(loaded.words.count == 1 && loaded.words[0].hasPrefix(begins))
    }

    @Test("a lone address is put into its mapping")
    func mappings() {
        let said = load(
            """
            listeners: ["0.0.0.0:8080"]
            routes: [{ name: app, upstream: app }]
            upstreams: { app: { backends: ["127.0.0.1:9001"] } }
            """
        ).words
        #expect(said.first?.hasSuffix("did you mean { address: \"0.0.0.0:8080\" }?") == true)
        #expect(said.last?.hasSuffix("did you mean { address: \"127.0.0.1:9001\" }?") == true)
    }
}
