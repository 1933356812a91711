import Testing

@testable import Configuration

/// A configuration with a value of every kind.
private let full = """
    workers: 3
    trusted_proxies: [10.0.0.0/8, "2001:db8::1", unix]
    listeners:
      - { name: public, address: "0.0.0.0:8443", tls: { certificates: [{ certificate: c.pem, key: k.pem, ocsp: off }],
          minimum_version: 1.3, tickets: { rotate: 0 }, client_certificates: { ca: ca.pem, crl: crl.pem, mode: request } } }
      - { address: "[::]:8080", redirect_to_https: true, proxy_protocol: accept }
      - { address: "unix:/run/a.sock", mode: "0640", owner: "0", group: www, protocols: [http/1.1] }
    admin: { address: "127.0.0.1:9901", hosts: [Ops.Internal], token: t }
    log: { access: "a${X:-b}.log", format: text }
    limits: { memory: 1GiB, message: 0, frame: 0, backend_message: 1025B, rate_action: close }
    compression: { mode: both, level: 9 }
    http2: { window: 65535, resets: 0 }
    timeouts: { response_body: 60s, idle: 1500ms }
    keepalive: { ping_interval: off }
    drain: { close_code: 3000 }
    paths: { ambiguous: pass }
    upstreams:
      a:
        mode: multiplex
        balance: hash
        hash_key: "header:X-User"
        backends: [{ address: "127.0.0.1:1", weight: 2 }, { address: "unix:/b", max_sessions: 1 }, { address: "dns:c:3" }]
        tls: { ca: ca.pem, verify: false }
        pool: { warm: 2, connections: 9 }
        timeouts: { response: 10s }
        health: {}
        rebalance: { rate: 0 }
      "1": { mode: broadcast, backends: [{ address: "[::1]:2" }], proxy_protocol: off, broadcast: { key_headers: [Cookie] } }
    routes:
      - { name: "off", match: { host: "*.Example.com", path: /a%2fb/, headers: { X-A: "b c", x-b: "*" }, upgrade: none,
          subprotocols: [x], listener: public, path_regex: "/\\\\d+" }, rewrite: { strip_prefix: /%61 }, origins: [],
          upstream: a, limits: { message: 1MiB, connections: 1 }, compression: { mode: off }, paths: { ambiguous: judge } }
      - { name: b, match: { path: /b }, rewrite: { replace_prefix: [/b, /c] }, origins: ["https://x"], upstream: "1" }
      - { name: c, respond: { status: 404, body: "line\\nü: \\"x\\"", content_type: "" } }
    """

@Suite("What is made from the tables of keys")
struct ConfigurationTextsTests {
    @Test("a file that is shown loads to the same, but for what is secret")
    func shown() throws {
        let first = load(full)
        #expect(first.said == [])
        let value = try #require(first.value)
        let text = value.shown
        #expect(text.contains("x-a: \"***\"") && text.contains("x-b: \"*\"") && !text.contains("b c"))
        let unmasked = text.split(separator: "\"***\"").joined(separator: "\"b c\"")
        let again = load(unmasked)
        #expect(again.said == [] && again.value == value)
        #expect(again.value?.shown == text)
    }

    @Test("so does one with defaults alone")
    func plain() throws {
        let value = try #require(load().value)
        let again = load(value.shown)
        #expect(again.said == [] && again.value == value)
        // What is not written is not the same as the time that holds then.
        #expect(!value.shown.contains("response_body") && again.value?.timeouts.boundsEventStreams == false)
    }

    @Test("every key is named by its path, once")
    func keys() {
        let keys = ConfigurationTexts.keys
        #expect(Set(keys).count == keys.count && keys.count > 150)
        for key in [
            "workers", "listeners.tls.certificates.key", "upstreams.pool.warm", "routes.limits.message",
        ] {
            #expect(keys.contains(key))
        }
    }
}
