import Configuration
import Routing
import Testing

@Suite("Routes")
struct RouteConfigurationTests {
    private func load(_ routes: String) -> Loaded {
        ConfigurationTests.load(
            """
            listeners: [{ address: "127.0.0.1:8080" }]
            routes: [\(routes)]
            upstreams: { app: { backends: [{ address: "127.0.0.1:9001" }] } }
            """)
    }

    @Test("every key is read")
    func keys() throws {
        let loaded = load(
            """
            { name: a, match: { host: "*.example.com", path: /chat/, upgrade: websocket },
              rewrite: { strip_prefix: /chat }, origins: ["https://example.com"], upstream: app },
            { name: b, rewrite: { replace_prefix: [/chat, /ws] }, upstream: app },
            { name: c, respond: { status: 404, body: "no", content_type: text/html } }, { name: d, respond: {} }
            """)
        #expect(loaded.said.allSatisfy { $0.contains("never reached") })
        let routes = try #require(loaded.value?.routes)
        #expect(routes[0].match.host == "*.example.com" && routes[0].match.path == "/chat/")
        #expect(routes[0].match.upgrade == .webSocket && routes[0].rewrite == .stripPrefix("/chat"))
        #expect(routes[0].origins == ["https://example.com"] && routes[0].action == .upstream("app"))
        #expect(routes[1].rewrite == .replacePrefix("/chat", with: "/ws") && routes[1].origins == nil)
        #expect(routes[2].action == .respond(.init(status: 404, body: "no", contentType: "text/html")))
        #expect(
            routes[3].action
                == .respond(.init(status: 200, body: "", contentType: "text/plain; charset=utf-8")))
    }

    @Test("an empty list of origins lets no page in, none at all lets in any")
    func origins() {
        #expect(load("{ name: a, upstream: app, origins: [] }").value?.routes.first?.origins == [])
    }

    @Test(
        "one mistake, one complaint",
        arguments: [
            ("{ upstream: app }", "f:2:10: missing required key 'name' in route 1"),
            ("{ name: '', upstream: app }", "f:2:18: 'name' in route 1 is empty"),
            ("{ name: [a], upstream: app }", "f:2:18: 'name' in route 1 must be a single value"),
            ("{ name: a }", "f:2:10: route 'a' needs 'upstream' or 'respond'"),
            (
                "{ name: a, upstream: app, respond: {} }",
                "f:2:10: route 'a' has both 'upstream' and 'respond'"
            ),
            ("{ name: a, upstream: ap }", "f:2:31: upstream 'ap' is not defined, did you mean 'app'?"),
            ("{ name: a, upstream: x }", "f:2:31: upstream 'x' is not defined"),
            ("{ name: a, upstream: app }, { name: a, upstream: app }", "f:2:46: two routes are named 'a'"),
            (
                "{ name: a, upstream: app, rewrite: { strip_prefix: /a, replace_prefix: [/a, /b] } }",
                "f:2:45: give 'strip_prefix' or 'replace_prefix', not both"
            ),
            (
                "{ name: a, upstream: app, rewrite: { replace_prefix: [/a] } }",
                "f:2:45: 'replace_prefix' needs two paths: [/old, /new]"
            ),
            (
                "{ name: a, upstream: app, rewrite: { replace_prefix: /a } }",
                "f:2:63: 'replace_prefix' in 'rewrite' must be a list"
            ),
            (
                "{ name: a, upstream: app, match: { upgrade: h2c } }",
                "f:2:54: 'h2c' is no valid 'upgrade' in 'match', expected websocket, none or any"
            ),
            (
                "{ name: a, respond: { status: 199 } }",
                "f:2:40: '199' is no valid 'status' in 'respond' of route 'a', expected a whole number from 200 to 599"
            ),
            (
                "{ name: a, respond: { status: 204, body: x } }",
                "f:2:51: a response of status 204 has no 'body'"
            ),
        ])
    func complaints(routes: String, wanted: String) {
        // An upstream that no route uses is warned of besides.
        #expect(load(routes).said.filter { !$0.contains("warning") } == [wanted])
    }

    @Test("an upstream that no route uses is warned of, at its name")
    func unused() {
        #expect(
            load("{ name: a, respond: {} }").said == ["f:3:14: warning: upstream 'app' is used by no route"])
    }

    @Test("no routes", arguments: ["", "routes: []"])
    func none(text: String) {
        #expect(
            ConfigurationTests.load("listeners: [{ address: '127.0.0.1:80' }]\n\(text)").words
                == ["no 'routes': every request would be answered 404"])
    }

    @Test("a rewrite that changes no path of its route is noted")
    func idleRewrite() {
        func said(_ path: String, _ rewrite: String) -> Bool {
            ConfigurationTests.load(route: ", match: { path: \(path) }, rewrite: { \(rewrite) }").words
                .contains {
                    $0.hasSuffix(
                        "'rewrite' of route 'app' has no effect: no path that it is for has that prefix")
                }
        }
        for prefix in ["/b", "/ab", "/a/c/d", "/a/b/c"] {
            #expect(said("/a/b", "strip_prefix: \(prefix)"), "\(prefix)")
            #expect(said("/a/b", "replace_prefix: [\(prefix), /x]"), "\(prefix)")
        }
        for (path, prefix) in [
            ("/a/b", "/a"), ("/a/b", "/a/b"), ("/a/", "/a/b/c"), ("/a/", "/a"), ("/a/", "/"), ("/", "/x"),
        ] {
            #expect(!said(path, "strip_prefix: \(prefix)"), "\(path) \(prefix)")
        }
        #expect(said("/a/", "strip_prefix: /b"))
    }

    @Test("a route's own value that counts before the route is known, or for all, is noted")
    func ofNoEffect() {
        for key in ["request_head: 1KiB", "fields: 10"] {
            let words = ConfigurationTests.load(route: ", limits: { \(key) }").words
            #expect(words.count == 1 && words[0].contains("of a route has no effect"), "\(key)")
            #expect(ConfigurationTests.load(rest: "limits: { \(key) }").said == [])
        }
        #expect(ConfigurationTests.load(route: ", limits: { request_head: 16KiB, fields: 200 }").said == [])
        #expect(ConfigurationTests.load(route: ", compression: { memory_budget: 1MiB }").words.count == 1)
        #expect(ConfigurationTests.load(route: ", compression: { memory_budget: 256MiB }").said == [])
        #expect(ConfigurationTests.load(rest: "compression: { memory_budget: 1MiB }").said == [])
    }

    @Test("a field's value is one line")
    func values() {
        for value in ["a\\nb", "a\\r", "\\0", "\\x7f"] {
            for rules in [
                "headers: { request: { set: { X: \"\(value)\" } } }",
                "headers: { response: { add: { X: \"\(value)\" } } }",
            ] {
                #expect(
                    ConfigurationTests.load(route: ", \(rules)").words == [
                        "a field's value is one line without control characters"
                    ])
            }
        }
        #expect(
            ConfigurationTests.load(route: ", headers: { request: { set: { X: \"a\\tb\" } } }").said == [])
        #expect(
            ConfigurationTests.load(
                """
                listeners: [{ address: "127.0.0.1:1" }]
                routes: [{ name: r, respond: { content_type: "a\\nb" } }]
                """
            ).words == ["a field's value is one line without control characters"])
    }
}
