import Configuration
import Testing

@Suite("Continuity configuration")
struct ContinuityConfigurationTests {
    private func load(_ upstream: String) -> (ContinuityConfiguration?, [String]) {
        let loaded = ConfigurationTests.load(upstream: upstream)
        return (loaded.upstream?.continuity, loaded.said)
    }

    @Test("sessions end with their backend unless it is asked for", arguments: ["", ", continuity: off"])
    func off(upstream: String) {
        let (value, complaints) = load(upstream)
        #expect(value == nil && complaints.isEmpty)
    }

    @Test("defaults")
    func defaults() {
        let (value, complaints) = load(", continuity: {}")
        #expect(value == ContinuityConfiguration() && complaints.isEmpty)
        #expect(value?.on == [.loss, .drain, .close] && value?.within == .seconds(15))
        #expect(value?.hold == 256 << 10 && value?.delivery == .atMostOnce && value?.maxMessage == 1 << 20)
    }

    @Test("every key is read")
    func keys() {
        let (value, complaints) = load(
            ", continuity: { on: [drain], within: 30s, hold: 64KiB, delivery: at_least_once, replay_first: 2,"
                + " skip_first: 1, hibernate_after: 10m, hibernate_close_code: 4000, max_message: 4KiB }")
        #expect(complaints.isEmpty)
        var expected = ContinuityConfiguration()
        expected.on = [.drain]
        expected.within = .seconds(30)
        expected.hold = 64 << 10
        expected.delivery = .atLeastOnce
        expected.replayFirst = 2
        expected.skipFirst = 1
        expected.hibernateAfter = .seconds(600)
        expected.hibernateCloseCode = 4000
        expected.maxMessage = 4 << 10
        #expect(value == expected)
    }

    @Test(
        "what can't be is complained of",
        arguments: [
            ("on: []", "loss, drain or close"), ("on: [crash]", "crash"), ("delivery: twice", "twice"),
            ("hold: 0", "hold"), ("max_message: 0", "max_message"), ("replay_first: -1", "replay_first"),
            ("hibernate_close_code: 1006", "1006"), ("helds: 1", "helds"),
        ])
    func wrong(text: String, word: String) {
        let (_, complaints) = load(", continuity: { \(text) }")
        #expect(complaints.count == 1 && complaints.allSatisfy { $0.contains(word) }, "\(complaints)")
    }

    @Test("feeds have a policy of their own")
    func broadcast() {
        let (_, complaints) = load(", mode: broadcast, continuity: {}")
        #expect(complaints.count == 1 && complaints.allSatisfy { $0.contains("on_loss") })
    }
}
