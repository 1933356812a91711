import Configuration
import PerMessageDeflate
import Testing
import WebSocketProtocol

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
        let loaded = load(minimal)
        #expect(loaded.said == [])
        let value = try #require(loaded.value)
        #expect(
            value.workers == nil && value.limits.client.frames.message == 16 << 20
                && value.timeouts.drain == .seconds(30)
        )
        #expect(value.compression.mode == .edge && value.compression.options.windowBits == 12)
        #expect(value.upstreams["app"]?.backends.first?.address == .ip("127.0.0.1", port: 9001))
    }

    @Test("all complaints come in one go, each with its place")
    func complaints() {
        let complaints = load(
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
            """
        ).said
        #expect(
            complaints == [
                "f:1:10: 'many' is no valid 'workers' in the configuration, expected auto, or a whole number from 1 to 1024",
                "f:2:1: unknown key 'listenrs' in the configuration, did you mean 'listeners'?",
                "f:4:14: 'localhost:80' is no address to listen on, expected one such as 0.0.0.0:8443, [::]:8443 or unix:/run/trunkline.sock, did you mean '127.0.0.1:80'?",
                "f:5:19: '5 parsecs' is no valid 'idle' in 'timeouts', expected a duration such as 500ms, 5s, 2m, 1h, 30d, or 0 for off",
                "f:8:15: upstream 'ap' is not defined, did you mean 'app'?",
                "f:10:3: warning: upstream 'app' is used by no route",
                "f:11:5: upstream 'app' needs 'backends', one or more",
                "f:11:5: unknown key 'balence' in upstream 'app', did you mean 'balance'?",
            ])
    }

    @Test("YAML that is none, and a key written twice, have a place too")
    func syntax() {
        #expect(load("routes: [").said.first?.hasPrefix("f:") == true)
        #expect(load("workers: 1\nworkers: 2\n").said.first?.contains("key written twice: 'workers'") == true)
    }

    @Test("a byte that YAML refuses has its place, in one line")
    func controlCharacter() {
        #expect(
            load("workers: 1\nlog: \u{1}\n").said == [
                "f:2:6: not valid YAML: control characters are not allowed"
            ])
    }

    @Test("a byte order mark is no part of the text")
    func byteOrderMark() {
        #expect(load("\u{FEFF}" + minimal).said == [])
        #expect(load("\u{FEFF}workers: 0\n" + minimal).said.first?.hasPrefix("f:1:10: '0'") == true)
    }

    @Test("environment variables are put in, with and without a default")
    func variables() {
        let text = minimal.replacingOnce("127.0.0.1:8080", "127.0.0.1:${PORT:-81}")
        #expect(load(text).value?.listeners.first?.address.value == .ip("127.0.0.1", port: 81))
        #expect(
            load(text, ["PORT": "82"]).value?.listeners.first?.address.value == .ip("127.0.0.1", port: 82))
        #expect(
            load(minimal.replacingOnce("127.0.0.1:8080", "${NOWHERE}")).said.contains {
                $0.contains("'NOWHERE' is not set")
            })
    }

    @Test("off is understood however it is written")
    func off() {
        for word in ["off", "\"off\"", "false"] {
            let configuration = load(
                minimal + "compression: { mode: \(word) }\nlog: { access: \(word) }\n"
            ).value
            #expect(configuration?.compression.mode == .off && configuration?.log.access == .off)
        }
    }
}

extension String {
    fileprivate func replacingOnce(_ pattern: String, _ with: String) -> String {
        split(separator: pattern, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: with)
    }
}
