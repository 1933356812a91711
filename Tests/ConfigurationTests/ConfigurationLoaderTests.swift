import Configuration
import Testing

private func load(_ text: String, _ environment: [String: String] = [:]) -> (ProxyConfiguration?, [String]) {
    do throws(Diagnostics) {
        let loaded = try ConfigurationLoader.load(text, file: "proxy.conf", environment: environment)
        return (loaded.configuration, loaded.diagnostics.map(\.description))
    } catch {
        return (nil, error.list.map(\.description))
    }
}

private let minimal = """
    listeners:
      - address: 127.0.0.1:8080
    routes:
      - name: app
        upstream: app
    upstreams:
      app:
        backends:
          - address: "127.0.0.1:9001"

    """

@Suite("Configuration")
struct ConfigurationLoaderTests {
    @Test("a small one is filled up with safe defaults")
    func defaults() throws {
        let (configuration, complaints) = load(minimal)
        #expect(complaints == [])
        let value = try #require(configuration)
        #expect(
            value.workers == nil && value.limits.message == 16 << 20 && value.timeouts.drain == 30_000_000_000
        )
        #expect(value.compression.mode == .edge && value.compression.windowBits == 12)
        #expect(value.upstreams["app"]?.backends.first?.address == .ip("127.0.0.1", port: 9001))
    }

    @Test("all complaints come in one go, each with its place")
    func complaints() {
        let (_, complaints) = load(
            """
            workers: many
            listenrs: []
            listeners:
              - address: localhost:80
            timeouts: { idle: 5 parsecs }
            routes:
              - name: app
                upstream: ap
            upstreams:
              app:
                balence: round_robin
                backends: []
            """)
        #expect(
            complaints == [
                "proxy.conf:1:10: 'many' is no valid 'workers' in the configuration, expected a whole number from 1 to 1024",
                "proxy.conf:2:1: unknown key 'listenrs' in the configuration, did you mean 'listeners'?",
                "proxy.conf:4:14: 'localhost:80' is no address to listen on, expected one such as 0.0.0.0:8443, [::]:8443 or unix:/run/trunkline.sock",
                "proxy.conf:5:19: '5 parsecs' is no valid 'idle' in 'timeouts', expected a duration such as 500ms, 5s, 2m, 1h, or 0 for off",
                "proxy.conf:8:15: upstream 'ap' is not defined, did you mean 'app'?",
                "proxy.conf:10:3: warning: upstream 'app' is used by no route",
                "proxy.conf:11:5: upstream 'app' needs 'backends', one or more",
                "proxy.conf:11:5: unknown key 'balence' in upstream 'app', did you mean 'balance'?",
            ])
    }

    @Test("YAML that is none, and a key written twice, have a place too")
    func syntax() {
        #expect(load("routes: [").1.first?.hasPrefix("proxy.conf:") == true)
        #expect(load("workers: 1\nworkers: 2\n").1.first?.contains("key written twice: 'workers'") == true)
    }

    @Test("environment variables are put in, with and without a default")
    func variables() {
        let text = minimal.replacingOnce("127.0.0.1:8080", "127.0.0.1:${PORT:-81}")
        #expect(load(text).0?.listeners.first?.address.value == .ip("127.0.0.1", port: 81))
        #expect(load(text, ["PORT": "82"]).0?.listeners.first?.address.value == .ip("127.0.0.1", port: 82))
        #expect(
            load(minimal.replacingOnce("127.0.0.1:8080", "${NOWHERE}")).1.contains {
                $0.contains("'NOWHERE' is not set")
            })
    }

    @Test("off is understood however it is written")
    func off() {
        for word in ["off", "\"off\"", "false"] {
            let (configuration, _) = load(
                minimal + "compression: { mode: \(word) }\nlog: { access: \(word) }\n")
            #expect(configuration?.compression.mode == .off && configuration?.log.access == .off)
        }
    }
}

extension String {
    fileprivate func replacingOnce(_ pattern: String, _ with: String) -> String {
        split(separator: pattern, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: with)
    }
}
