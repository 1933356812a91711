import Configuration
import Testing

@Suite("The summary of an upstream")
struct UpstreamSummaryTests {
    private func summary(_ upstream: String) throws -> [String] {
        let loaded = load(upstream: upstream)
        #expect(loaded.said == [])
        return try #require(loaded.value).summary.filter { $0.hasPrefix("upstream") || $0.hasPrefix(" ") }
    }

    @Test("says the policy in force, defaults included")
    func defaults() throws {
        #expect(
            try summary("") == [
                "upstream 'app' least_sessions: 127.0.0.1:9001",
                "  asked: 256 handshakes at a time for each backend, 10000 may wait for 10s; up to 2 retries, 20% of requests",
                "  watched: by its answers, rests from 1s to 30s; no checks; slow start 10s",
            ])
    }

    @Test("says what was asked for instead")
    func changed() throws {
        #expect(
            try summary(
                ", mode: multiplex, balance: hash, hash_key: path, tls: {}, handshakes: { in_flight: 0 },"
                    + " retry: { attempts: 0 }, slow_start: 0, ejection: { rest: 500ms, longest_rest: 2m },"
                    + " health: { check: tcp, interval: 1h }") == [
                    "upstream 'app' hash of path: 127.0.0.1:9001 (multiplex, tls)",
                    "  asked: any number of handshakes at a time; no retries",
                    "  watched: by its answers, rests from 500ms to 2m; tcp every 1h, out after 3, back after 2; no slow start",
                    "  set: mode multiplex, balance hash, hash_key path, slow_start 0, retry.attempts 0,"
                        + " handshakes.in_flight 0, ejection.rest 500ms, ejection.longest_rest 2m,"
                        + " health.interval 1h, health.timeout 2s, health.check tcp, health.path /,"
                        + " health.unhealthy_after 3, health.healthy_after 2, tls.verify true",
                ])
    }
}
