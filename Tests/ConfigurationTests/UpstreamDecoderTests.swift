import Configuration
import Testing

@Suite("Upstreams")
struct UpstreamDecoderTests {
    private func load(_ upstream: String) -> (UpstreamConfiguration?, [String]) {
        let text = """
            listeners: [{ address: "127.0.0.1:8080" }]
            routes: [{ name: app, upstream: app }]
            upstreams: { app: { backends: [{ address: "127.0.0.1:9001" }], \(upstream) } }

            """
        do throws(Diagnostics) {
            let loaded = try ConfigurationLoader.load(text, file: "proxy.conf", environment: [:])
            let complaints = loaded.diagnostics.map { diagnostic in
                diagnostic.description.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? ""
            }
            return (loaded.configuration.upstreams["app"], complaints)
        } catch {
            return (nil, error.list.map(\.description))
        }
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
}
