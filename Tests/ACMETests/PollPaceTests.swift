import Testing

@testable import ACME

@Suite("How often an authority is looked at")
struct PollPaceTests {
    @Test("longer each time, afresh for each thing, and as long as the authority says, within reason")
    func pace() {
        var pace = PollPace()
        #expect(
            (0..<7).map { _ in pace.next(retryAfter: nil) }
                == [250, 500, 1000, 2000, 4000, 5000, 5000].map { .milliseconds($0) })
        pace.begin()
        #expect(pace.next(retryAfter: nil) == .milliseconds(250))
        #expect(
            pace.next(retryAfter: .seconds(7)) == .seconds(7)
                && pace.next(retryAfter: .seconds(0)) == .seconds(1))
        #expect(
            pace.next(retryAfter: .seconds(100_000)) == .seconds(60)
                && pace.next(retryAfter: .seconds(-5)) == .seconds(1))
    }

    @Test("all waiting together has an end")
    func end() {
        var pace = PollPace()
        var waited = Duration.zero
        while let time = pace.next(retryAfter: .seconds(60)) {
            waited += time
            pace.begin()
        }
        #expect(waited == .seconds(600))
    }
}
