import Testing

@testable import WebSocketProtocol

struct RateLimitTests {
    @Test func aSecondsWorthMayComeAtOnce() {
        var rate = RateLimit(perSecond: 10)
        let burst = rate.take(10, at: 5_000_000_000)
        let next = rate.take(1, at: 5_000_000_000)
        #expect(burst == 0)
        #expect(next == 100_000_000)
    }

    @Test func timePaysForWhatHasPassed() {
        var rate = RateLimit(perSecond: 10)
        _ = rate.take(20, at: 0)
        let later = rate.take(1, at: 2_000_000_000)
        #expect(later == 0)
    }

    @Test func noLimitNeverWaitsAndNothingOverflows() {
        var off = RateLimit(perSecond: 0)
        var rate = RateLimit(perSecond: 1)
        let none = off.take(.max, at: 0)
        let ever = rate.take(.max, at: .max)
        #expect(none == 0)
        #expect(ever == .max)
    }

    @Test func whatWaitedIsChargedByWhenItMayHaveCome() {
        var rate = RateLimit(perSecond: 10)
        // Two hundred that came over twenty seconds, and were read at their end.
        let waited = rate.take(200, at: 20_000_000_000, since: 0)
        #expect(waited == 0)
        // What came over ten seconds was no more than those hold.
        let more = rate.take(120, at: 30_000_000_000, since: 20_000_000_000)
        #expect(more == 1_000_000_000)
        let future = rate.take(1, at: 60_000_000_000, since: .max)
        #expect(future == 0)
    }
}
