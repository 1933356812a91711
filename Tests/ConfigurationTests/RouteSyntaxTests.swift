import Testing

@testable import Configuration

@Suite("Hosts, paths and origins of a route")
struct RouteSyntaxTests {
    @Test(
        "a host that a request can have is taken",
        arguments: [
            "example.com", "*.example.com", "Example.COM", "10.0.0.1", "'[::1]'", "xn--bcher-kva.example",
        ])
    func hosts(host: String) {
        #expect(load(route: ", match: { host: \(quoted(host)) }").said == [])
    }

    @Test(
        "one that no request has is complained of",
        arguments: [
            "", "*", "*.", "a.*.com", "a b", "example.com:8443", "https://example.com", "bücher.example",
            "[::zz]",
            "[example.com]", "::1]",
        ])
    func badHosts(host: String) {
        #expect(
            load(route: ", match: { host: '\(host)' }").said
                == [
                    "f:2:53: '\(host)' is no host, expected a name or '*.' and a name, without a port\(Habits.host(host) ?? "")"
                ])
    }

    @Test("paths are as on the wire")
    func paths() {
        for path in ["/", "/chat", "/chat/", "/a%20b", "/~x/(1)"] {
            #expect(load(route: ", match: { path: '\(path)' }").said == [])
        }
        for path in ["", "chat"] {
            #expect(
                load(route: ", match: { path: '\(path)' }").said
                    == ["f:2:53: path '\(path)' must begin with '/'\(Habits.path(path) ?? "")"])
        }
        for path in ["/a?b", "/a#b", "/a b", "/ä"] {
            #expect(
                load(route: ", match: { path: '\(path)' }").words.first?.contains("matches nothing") == true)
            #expect(load(route: ", rewrite: { strip_prefix: '\(path)' }").words.count == 1)
            #expect(load(route: ", rewrite: { replace_prefix: [/a, '\(path)'] }").words.count == 1)
        }
    }

    @Test(
        "an origin is a scheme and a host, or null",
        arguments: [
            "https://example.com", "http://localhost:3000", "HTTPS://Example.com", "https://[::1]:8443",
            "null", "app://bundle.id", "https://[::1]",
        ])
    func origins(origin: String) {
        let loaded = load(route: ", origins: ['\(origin)']")
        #expect(loaded.said == [] && loaded.value?.routes.first?.origins == [origin])
    }

    @Test(
        "what no browser sends as Origin is complained of",
        arguments: [
            "example.com", "https://example.com/", "https://", "*", "", "//example.com", "https://a:b",
        ])
    func badOrigins(origin: String) {
        #expect(
            load(route: ", origins: ['\(origin)']").said == [
                "f:2:48: '\(origin)' is no origin, expected one such as https://example.com; without 'origins' any page may connect\(Habits.origin(origin) ?? "")"
            ])
    }

    private func quoted(_ text: String) -> String { text.hasPrefix("'") ? text : "'\(text)'" }
}
