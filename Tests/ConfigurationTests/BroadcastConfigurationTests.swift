import Configuration
import Testing

@Suite("Broadcast configuration")
struct BroadcastConfigurationTests {
    private func load(_ upstream: String, route: String = "") -> (BroadcastConfiguration?, [String]) {
        let loaded = ConfigurationTests.load(route: route, upstream: upstream)
        return (loaded.upstream?.broadcast, loaded.said)
    }

    @Test("defaults")
    func defaults() {
        let (value, complaints) = load(", mode: broadcast")
        #expect(value == BroadcastConfiguration() && complaints.isEmpty)
        #expect(
            value?.replayLast == 1 && value?.clientMessages == .discard && value?.slowClient == .dropOldest)
        #expect(value?.queue == 64 && value?.onLoss == .reopen && value?.linger == 5_000_000_000)
    }

    @Test("every key is read")
    func keys() {
        let (value, complaints) = load(
            ", mode: broadcast, broadcast: { replay_last: 3, client_messages: forward, key_headers: [Cookie],"
                + " gather: 150ms, linger: 0, slow_client: latest, queue: 5, queue_bytes: 1MiB, on_loss: close,"
                + " reopen_within: 2m }")
        #expect(complaints.isEmpty)
        var expected = BroadcastConfiguration()
        expected.replayLast = 3
        expected.clientMessages = .forward
        expected.keyHeaders = ["cookie"]
        expected.gather = 150_000_000
        expected.linger = 0
        expected.slowClient = .latest
        expected.queue = 5
        expected.queueBytes = 1 << 20
        expected.onLoss = .close
        expected.reopenWithin = 120_000_000_000
        #expect(value == expected)
    }

    @Test(
        "what can't be is complained of",
        arguments: [
            ("slow_client: slow", "'slow' is no valid 'slow_client'"),
            ("queue: 0", "'0' is no valid 'queue'"),
            ("client_messages: 1", "expected discard, forward or close"),
            ("replay: 1", "unknown key 'replay'"),
            ("key_headers: [Sec-WebSocket-Key]", "can't be one of 'key_headers'"),
            ("key_headers: [Host]", "can't be one of 'key_headers'"),
            ("key_headers: ['a b']", "can't be one of 'key_headers'"),
        ])
    func complaints(keys: String, expected: String) {
        let (_, complaints) = load(", mode: broadcast, broadcast: { \(keys) }")
        #expect(complaints.contains { $0.contains(expected) }, "\(complaints)")
    }

    @Test("a header that names one client is refused where a connection is for many")
    func proxyHeader() {
        let (_, complaints) = load(", mode: broadcast, proxy_protocol: v2")
        #expect(complaints.count == 1, "\(complaints)")
        #expect(complaints.allSatisfy { $0.contains("'proxy_protocol'") && $0.contains("'mode: broadcast'") })
        #expect(complaints.allSatisfy { !$0.contains("warning") })
    }

    @Test("what has no effect is warned of")
    func warnings() {
        #expect(load(", broadcast: { queue: 5 }").1.contains { $0.contains("without 'mode: broadcast'") })
        let passthrough = load(", mode: broadcast", route: ", compression: { mode: passthrough }").1
        #expect(passthrough.contains { $0.contains("'passthrough'") && $0.contains("mode broadcast") })
    }
}
