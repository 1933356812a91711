import Configuration
import Testing

@Suite("Upstreams")
struct UpstreamConfigurationTests {
    private func load(_ upstream: String) -> (UpstreamConfiguration?, [String]) {
        let loaded = ConfigurationTests.load(upstream: ", " + upstream)
        return (loaded.upstream, loaded.words)
    }

    @Test("mode multiplex and its pool")
    func multiplex() throws {
        let (usual, none) = load("mode: multiplex")
        #expect(none == [])
        let defaults = try #require(usual)
        #expect(defaults.mode == .multiplex && defaults.pool.streams == 100 && defaults.pool.connections == 4)
        let (upstream, complaints) = load(
            "mode: multiplex, pool: { streams_per_connection: 250, connections: 2, warm: 0 }")
        #expect(complaints == [])
        let pool = try #require(upstream).pool
        #expect(pool.streams == 250 && pool.connections == 2 && pool.warm == 0)
    }

    @Test("how long frames may wait for others")
    func gather() {
        let cases: [(String, Duration?)] = [
            ("auto", nil), ("0", .zero), ("off", .zero), ("1ms", .milliseconds(1)),
        ]
        for (text, expected) in cases {
            let (upstream, said) = load("mode: multiplex, pool: { gather: \(text) }")
            #expect(said == [] && upstream?.pool.gather == expected)
        }
        let (_, long) = load("mode: multiplex, pool: { gather: 5ms }")
        #expect(long.count == 1 && long[0].contains("'gather' in 'pool'") && long[0].contains("1ms at most"))
        let (_, idle) = load("pool: { gather: 0 }")
        #expect(idle.contains { $0.contains("'gather' in 'pool'") && $0.contains("mode: multiplex") })
        let (_, wrong) = load("mode: multiplex, pool: { gather: soon }")
        #expect(wrong.count == 1 && wrong[0].contains("auto, or"))
    }

    @Test("an address that stands for any machine, or for many, is no backend's")
    func addresses() {
        let said = { (address: String) in
            let text = """
                listeners: [{ address: "127.0.0.1:8080" }]
                routes: [{ name: app, upstream: app }]
                upstreams: { app: { backends: [{ address: "\(address)" }] } }
                """
            return ConfigurationTests.load(text).said
        }
        for address in [
            "0.0.0.0:80", "0.1.2.3:80", "[::]:80", "224.0.0.1:80", "255.255.255.255:80", "[ff02::1]:80",
            "[::ffff:0.0.0.0]:80",
        ] {
            let words = "f:3:43: '\(address)' is no address that a backend can have"
            let complaints = said(address)
            #expect(complaints.count == 1 && complaints[0].hasPrefix(words), "\(complaints)")
        }
        for address in ["127.0.0.1:80", "[::1]:80", "10.0.0.1:80", "240.0.0.1:80"] {
            #expect(said(address) == [])
        }
    }

    @Test("warm connections: as many as are called for, or a number")
    func warm() {
        for (text, expected) in [("", nil), ("warm: auto", nil), ("warm: 0", 0), ("warm: 1000", 1000)]
            as [(String, Int?)]
        {
            let (upstream, said) = load("pool: { \(text) }")
            #expect(said == [] && upstream?.pool.warm == expected)
        }
        for text in ["1001", "-1", "few", "on"] {
            let (_, said) = load("pool: { warm: \(text) }")
            #expect(said.count == 1 && said[0].contains("expected auto, or a whole number from 0 to 1000"))
        }
    }

    @Test("what can't be meant is complained of")
    func complaints() {
        let (_, idle) = load("pool: { connections: 2 }")
        #expect(idle.contains { $0.contains("'connections' in 'pool'") && $0.contains("mode: multiplex") })
        let (_, header) = load("mode: multiplex, proxy_protocol: v2")
        #expect(header.contains { $0.contains("'proxy_protocol'") && $0.contains("mode: multiplex") })
        let (_, none) = load("mode: multiplex, pool: { streams_per_connection: 0 }")
        #expect(none.contains { $0.contains("streams_per_connection") && $0.contains("from 1") })
        let (_, mode) = load("mode: multiplexed")
        #expect(mode.contains { $0.contains("session, multiplex or broadcast") })
    }

    @Test("names that nothing could have are refused")
    func impossibleNames() {
        for keys in [
            "tls: { server_name: \"a b\" }", "tls: { server_name: \"\" }",
            "balance: hash, hash_key: \"header:X Y\"",
            "balance: hash, hash_key: \"cookie:a=b\"",
        ] {
            #expect(ConfigurationTests.load(upstream: ", \(keys)").said.count == 1, "\(keys)")
        }
        for keys in [
            "tls: { server_name: \"::1\" }", "tls: { server_name: 10.0.0.1 }",
            "balance: hash, hash_key: \"query:a b\"",
        ] {
            #expect(ConfigurationTests.load(upstream: ", \(keys)").said == [], "\(keys)")
        }
    }
}
