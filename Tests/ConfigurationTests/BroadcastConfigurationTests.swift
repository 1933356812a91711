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
        #expect(value?.queue == 64 && value?.onLoss == .reopen && value?.linger == .seconds(5))
    }

    @Test("every key is read")
    func keys() {
        let (value, complaints) = load(
            ", mode: broadcast, broadcast: { replay_last: 3, client_messages: forward, key_headers: [Cookie],"
                + " gather: 150ms, linger: 0, slow_client: latest, queue: 5, queue_bytes: 1MiB, feeds: 7, on_loss: close,"
                + " reopen_within: 2m }")
        #expect(complaints.isEmpty)
        var expected = BroadcastConfiguration()
        expected.replayLast = 3
        expected.clientMessages = .forward
        expected.keyHeaders = ["cookie"]
        expected.gather = .milliseconds(150)
        expected.linger = .zero
        expected.slowClient = .latest
        expected.queue = 5
        expected.queueBytes = 1 << 20
        expected.feeds = 7
        expected.onLoss = .close
        expected.reopenWithin = .seconds(120)
        #expect(value == expected)
    }

    @Test(
        "what can't be is complained of",
        arguments: [
            ("slow_client: slow", "'slow' is no valid 'slow_client'"),
            ("queue: 0", "'0' is no valid 'queue'"),
            ("feeds: 0", "'0' is no valid 'feeds'"),
            ("feeds: 1000001", "expected a whole number from 1 to 1000000"),
            ("feeds: many", "'many' is no valid 'feeds'"),
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

    @Test(
        "what feeds may keep together is noted where it does not fit within limits.memory",
        arguments: [
            ("queue_bytes: 65MiB, feeds: 1", "64MiB", "'queue_bytes' is larger than 'limits.memory'"),
            ("queue_bytes: 64MiB, feeds: 1", "64MiB", nil),
            ("queue_bytes: 1MiB, feeds: 64", "64MiB", nil),
            ("queue_bytes: 1MiB, feeds: 65", "64MiB", "65 feeds ('feeds', of each worker)"),
            ("feeds: 17", "64MiB", "17 feeds"),
            ("queue_bytes: 1048576GiB, feeds: 1000000", "64MiB", "'queue_bytes'"),
            ("queue_bytes: 65MiB", "0", nil), ("queue_bytes: 65MiB", "auto", nil),
            // The default of both: nobody has asked for that many.
            ("queue: 5", "64MiB", nil),
        ])
    func memory(keys: String, limit: String, expected: String?) {
        let loaded = ConfigurationTests.load(
            upstream: ", mode: broadcast, broadcast: { \(keys) }", rest: "limits: { memory: \(limit) }")
        guard let expected else { return #expect(loaded.said == []) }
        #expect(loaded.said.count == 1 && loaded.said.allSatisfy { $0.contains(expected) }, "\(loaded.said)")
        #expect(loaded.said.allSatisfy { $0.hasPrefix("f:3:") })
    }

    @Test("what has no effect is warned of")
    func warnings() {
        #expect(load(", broadcast: { queue: 5 }").1.contains { $0.contains("without 'mode: broadcast'") })
        let passthrough = load(", mode: broadcast", route: ", compression: { mode: passthrough }").1
        #expect(passthrough.contains { $0.contains("'passthrough'") && $0.contains("mode broadcast") })
    }
}
