import Configuration
import Testing

@Suite("Resume configuration")
struct ResumeConfigurationTests {
    private func resume(_ route: String) -> (ResumeConfiguration?, [String]) {
        let loaded = ConfigurationTests.load(route: route)
        return (loaded.value?.routes.first?.resume, loaded.said)
    }

    @Test("sessions end with their client's connection unless it is asked for")
    func off() {
        let (value, said) = resume("")
        #expect(value == nil && said.isEmpty)
    }

    @Test("defaults")
    func defaults() {
        let (value, said) = resume(", resume: {}")
        #expect(value == ResumeConfiguration() && said.isEmpty)
        #expect(value?.within == .seconds(60) && value?.buffer == 256 << 10 && value?.overflow == .hold)
    }

    @Test("every key is read")
    func keys() {
        let (value, said) = resume(
            ", resume: { within: 30s, buffer: 64KiB, overflow: drop, tell_backend: true, away_message: gone,"
                + " back_message: here }")
        #expect(said.isEmpty)
        var expected = ResumeConfiguration()
        expected.within = .seconds(30)
        expected.buffer = 64 << 10
        expected.overflow = .drop
        expected.tellsBackend = true
        (expected.away, expected.back) = ("gone", "here")
        #expect(value == expected)
    }

    @Test(
        "what can't be is complained of",
        arguments: [("buffer: 0", "buffer"), ("overflow: spill", "spill"), ("withn: 1s", "withn")])
    func complaints(text: String, word: String) {
        let (_, said) = resume(", resume: { \(text) }")
        #expect(said.contains { $0.contains(word) }, "\(said)")
    }

    @Test(
        "where messages can't be kept it is off, and that is said",
        arguments: [
            (", resume: {}, compression: { mode: passthrough }", "", "'resume' of"),
            (", resume: {}", ", mode: broadcast", "'resume' of"),
            (", compression: { mode: passthrough }", ", continuity: {}", "'continuity' of upstream"),
        ])
    func warnings(route: String, upstream: String, words: String) {
        let loaded = ConfigurationTests.load(route: route, upstream: upstream)
        #expect(loaded.value != nil, "\(loaded.said)")
        #expect(loaded.said.contains { $0.contains(words) && $0.contains("is off") }, "\(loaded.said)")
    }
}
