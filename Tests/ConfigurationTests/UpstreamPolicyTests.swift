import Configuration
import Routing
import Testing

/// The words of a choice, as complaints list them.
private func words<Choice: CaseIterable & RawRepresentable<String>>(of _: Choice.Type) -> String {
    let all = Choice.allCases.map(\.rawValue)
    return all.dropLast().joined(separator: ", ") + " or " + (all.last ?? "")
}

@Suite("Upstream policy")
struct UpstreamPolicyTests {
    private func load(_ upstream: String) -> (UpstreamPolicy?, [String]) {
        let loaded = ConfigurationTests.load(upstream: upstream.isEmpty ? "" : ", " + upstream)
        return (loaded.upstream?.policy, loaded.words)
    }

    @Test("defaults are those of a public edge")
    func defaults() throws {
        let (policy, complaints) = load("")
        #expect(complaints == [] && policy == UpstreamPolicy())
        let value = try #require(policy)
        #expect(value.balance == .leastSessions && value.health == nil && value.retry.attempts == 2)
        #expect(value.handshakes.inFlight == 256 && value.mostResting == 50 && !value.sendsProxyHeader)
    }

    @Test("every key is read")
    func keys() {
        let (policy, complaints) = load(
            """
            balance: hash, hash_key: "query:sid", slow_start: 3s, resolve_interval: 1m, proxy_protocol: v2,
            retry: { attempts: 4, budget: 5% }, handshakes: { in_flight: 9, queue: 8, queue_timeout: 7s },
            ejection: { connect_failures: 2, failures: 3, rest: 4s, longest_rest: 5s, most: 60% },
            health: { interval: 1s, timeout: 2s, check: http, path: /up, host: a.b, unhealthy_after: 4, healthy_after: 5 }
            """)
        #expect(complaints == [])
        var expected = UpstreamPolicy()
        expected.balance = .hash
        expected.hashKey = .query("sid")
        expected.rules.slowStart = .seconds(3)
        expected.resolveInterval = .seconds(60)
        expected.sendsProxyHeader = true
        (expected.retry.attempts, expected.retry.budget) = (4, 5)
        (expected.handshakes.inFlight, expected.handshakes.queue) = (9, 8)
        expected.handshakes.queueTimeout = .seconds(7)
        (expected.rules.connectFailures, expected.rules.failures, expected.mostResting) = (2, 3, 60)
        (expected.rules.firstRest, expected.rules.longestRest) = (.seconds(4), .seconds(5))
        var health = UpstreamPolicy.Health()
        (health.interval, health.timeout) = (.seconds(1), .seconds(2))
        (health.check, health.path, health.host) = (.http, "/up", "a.b")
        (health.unhealthyAfter, health.healthyAfter) = (4, 5)
        expected.health = health
        #expect(policy == expected)
        #expect(policy?.allRules.unhealthyAfter == 4 && policy?.allRules.healthyAfter == 5)
    }

    @Test("health checks are made only where they are asked for")
    func health() {
        #expect(load("health: off").0?.health == nil && load("health: off").1 == [])
        #expect(load("health: {}").0?.health == UpstreamPolicy.Health())
        #expect(load("health: { check: tcp }").0?.health?.check == .tcp)
    }

    @Test(
        "what is wrong is said with what was expected",
        arguments: [
            (
                "balance: fair",
                "'fair' is no valid 'balance' in upstream 'app', expected \(words(of: BalancePolicy.Rule.self))"
            ),
            (
                "balance: hash, hash_key: body",
                "'body' is no valid 'hash_key' in upstream 'app', expected client_ip, path, header:NAME, cookie:NAME or query:NAME"
            ),
            (
                "balance: hash, hash_key: \"query:\"",
                "'query:' is no valid 'hash_key' in upstream 'app', expected client_ip, path, header:NAME, cookie:NAME or query:NAME"
            ),
            ("hash_key: path", "warning: 'hash_key' in upstream 'app' has no effect without 'balance: hash'"),
            (
                "retry: { budget: 20 }",
                "'20' is no valid 'budget' in 'retry' of upstream 'app', expected a share such as 20%, from 0% to 100%"
            ),
            (
                "health: { check: ping }",
                "'ping' is no valid 'check' in 'health' of upstream 'app', expected tcp, http or websocket"
            ),
            (
                "health: { path: up }",
                "'up' is no valid 'path' in 'health' of upstream 'app', expected a path that begins with '/'"
            ),
            (
                "health: { intervall: 1s }",
                "unknown key 'intervall' in 'health' of upstream 'app', did you mean 'interval'?"
            ),
            ("proxy_protocol: v1", "'v1' is no valid 'proxy_protocol' in upstream 'app', expected v2 or off"),
        ])
    func complaints(_ text: String, _ complaint: String) {
        #expect(load(text).1 == [complaint])
    }
}
