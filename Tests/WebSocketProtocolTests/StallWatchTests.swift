import Testing
import WebSocketProtocol

@Suite("Stalled peers")
struct StallWatchTests {
    @Test("one that takes nothing for the limit is stalled, not before")
    func stalls() {
        var watch = StallWatch()
        #expect(watch.check(waiting: 10, at: 5, limit: 100) == .idle)
        watch.began(waiting: 10, at: 0)
        #expect(watch.check(waiting: 10, at: 60, limit: 100) == .wait(40))
        #expect(watch.check(waiting: 12, at: 99, limit: 100) == .wait(1))
        #expect(watch.check(waiting: 10, at: 100, limit: 100) == .stalled)
    }

    @Test("one that takes a little is slow, and begins anew")
    func slow() {
        var watch = StallWatch()
        watch.began(waiting: 9000, at: 0)
        #expect(watch.check(waiting: 7000, at: 100, limit: 100) == .wait(100))
        #expect(watch.check(waiting: 7000, at: 199, limit: 100) == .wait(1))
        #expect(watch.check(waiting: 7000, at: 200, limit: 100) == .stalled)
        watch.ended()
        #expect(watch.check(waiting: 7000, at: 900, limit: 100) == .idle)
    }

    @Test("one that takes a byte now and then holds as much as one that takes none")
    func drips() {
        var watch = StallWatch()
        watch.began(waiting: 9000, at: 0)
        #expect(watch.check(waiting: 8990, at: 90, limit: 100) == .wait(10))
        #expect(watch.check(waiting: 8989, at: 100, limit: 100) == .stalled)
    }

    @Test("the last bytes need not be many")
    func last() {
        var watch = StallWatch()
        watch.began(waiting: 10, at: 0)
        #expect(watch.check(waiting: 0, at: 100, limit: 100) == .wait(100))
    }
}
