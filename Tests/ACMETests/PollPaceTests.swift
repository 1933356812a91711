import Testing

@testable import ACME

@Suite("How often an authority is looked at")
struct PollPaceTests {
    @Test("longer each time, afresh for each thing, and as long as the authority says, within reason")
    func pace() {
        var pace = PollPace()
        #expect((0..<7).map { _ in pace.next(retryAfter: nil) } == [250, 500, 1000, 2000, 4000, 5000, 5000])
        pace.begin()
        #expect(pace.next(retryAfter: nil) == 250)
        #expect(pace.next(retryAfter: 7) == 7000 && pace.next(retryAfter: 0) == 1000)
        #expect(pace.next(retryAfter: 100_000) == 60_000 && pace.next(retryAfter: -5) == 1000)
    }

    @Test("all waiting together has an end")
    func end() {
        var pace = PollPace()
        var waited = 0
        while let time = pace.next(retryAfter: 60) {
            waited += time
            pace.begin()
        }
        #expect(waited == 600_000)
    }
}
