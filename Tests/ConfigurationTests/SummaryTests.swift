import Configuration
import Testing

@Suite("The summary of a configuration")
struct SummaryTests {
    @Test("names whose certificates are got by itself are listed")
    func issued() {
        let loaded = load(listener: ", tls: { acme: [a.example, b.example] }", rest: "acme: {}")
        #expect(loaded.value?.summary.first?.hasSuffix("(tls, by acme: a.example b.example)") == true)
    }

    @Test("says every key that is not as it is by default, in its place")
    func changes() throws {
        let loaded = load(
            route: ", limits: { message: 1MiB }, match: { path: /a, headers: { x-key: hush } }",
            upstream: ", pool: { warm: 3 }",
            rest:
                "timeouts: { idle: 5m }\nlimits: { message: 8MiB, buffer: 1MiB }\nadmin: { address: '127.0.0.1:1' }"
        )
        let lines = try #require(loaded.value).summary
        #expect(lines[1] == "admin 127.0.0.1:1")
        #expect(lines.contains("  set: match.headers.x-key \"***\", limits.message 1MiB"))
        #expect(lines.contains("  set: pool.warm 3"))
        #expect(
            lines.suffix(3) == ["set limits.message 8MiB", "set limits.buffer 1MiB", "set timeouts.idle 5m"])
    }

    @Test("names listeners, routes and upstreams, in the order of the text and of their names")
    func lines() throws {
        let loaded = load(
            """
            listeners:
              - address: 0.0.0.0:8443
                tls: { certificates: [{ certificate: a.pem, key: a.key }, { certificate: b.pem, key: b.key }] }
              - address: "[::1]:80"
            routes:
              - { name: chat, match: { host: a.example, path: /chat/ }, upstream: zebra }
              - { name: more, upstream: ant, compression: { mode: off } }
              - { name: rest, respond: { status: 404 } }
            upstreams:
              zebra: { backends: [{ address: "127.0.0.1:9001" }] }
              ant: { backends: [{ address: "unix:/run/ant.sock" }] }
            """)
        #expect(loaded.said.allSatisfy { $0.contains("never reached") })
        let lines = try #require(loaded.value).summary.filter { !$0.hasPrefix(" ") }
        #expect(
            lines == [
                "listener 0.0.0.0:8443 (tls, 2 certificates)", "listener [::1]:80 (plain)",
                "route 'chat' a.example /chat/ -> upstream 'zebra', compression edge",
                "route 'more' any host any path -> upstream 'ant', compression off",
                "route 'rest' any host any path -> respond 404",
                "upstream 'ant' least_sessions: unix:/run/ant.sock",
                "upstream 'zebra' least_sessions: 127.0.0.1:9001",
            ])
    }
}
