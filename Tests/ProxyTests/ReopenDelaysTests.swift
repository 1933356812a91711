import Testing

@testable import Proxy

@Suite("Waiting before another try")
struct ReopenDelaysTests {
    @Test("the wait doubles up to its bound, half of it spread")
    func doubling() {
        var delays = ReopenDelays()
        #expect(delays.next(jitter: 0) == 50_000_000)
        #expect(delays.next(jitter: 1) == 200_000_000)
        #expect(delays.next(jitter: 0.5) == 300_000_000)
        for _ in 0..<100 { _ = delays.next(jitter: 0) }
        #expect(delays.next(jitter: 7) == 5_000_000_000)
        #expect(delays.next(jitter: -7, longest: 1_000_000_000) == 500_000_000)
    }

    @Test("what went well begins it anew")
    func reset() {
        var delays = ReopenDelays()
        for _ in 0..<9 { _ = delays.next(jitter: 0) }
        delays.reset()
        #expect(delays == ReopenDelays() && delays.next(jitter: 0) == 50_000_000)
    }
}
