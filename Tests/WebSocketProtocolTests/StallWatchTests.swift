import Testing
import WebSocketProtocol

@Suite("Stalled peers")
struct StallWatchTests {
    /// So much of a total of 100 000 bytes has been acknowledged, and so much waits here.
    private func flow(_ acknowledged: Int64, held: Int = 10_000) -> Outflow {
        Outflow(held: held, left: 90_000, end: 100_000, acknowledged: acknowledged)
    }

    @Test(
        "one that takes nothing for the limit is stalled, not before; the first look only shows where it stands"
    )
    func stalls() {
        var watch = StallWatch()
        #expect(watch.check(flow(50_000), at: 5, limit: 100) == .idle)
        watch.began(at: 0)
        #expect(watch.check(flow(50_000), at: 25, limit: 100) == .wait(100))
        #expect(watch.check(flow(50_000), at: 85, limit: 100) == .wait(40))
        #expect(watch.check(flow(50_000), at: 125, limit: 100) == .stalled)
        #expect(StallWatch.firstLook(100) == 25)
        #expect(StallWatch.firstLook(30_000_000_000) == 1_000_000_000)
        #expect(StallWatch.firstLook(1) == 1)
    }

    @Test("one that takes something is slow, and begins anew: what its kernel acknowledges is enough")
    func slow() {
        var watch = StallWatch()
        watch.began(at: 0)
        #expect(watch.check(flow(50_000), at: 0, limit: 100) == .wait(100))
        #expect(watch.check(flow(52_000), at: 100, limit: 100) == .wait(100))
        #expect(watch.check(flow(52_000), at: 199, limit: 100) == .wait(1))
        #expect(watch.check(flow(52_000), at: 200, limit: 100) == .stalled)
        watch.ended()
        #expect(watch.check(flow(52_000), at: 900, limit: 100) == .idle)
    }

    @Test("one that takes a byte now and then holds as much as one that takes none")
    func drips() {
        var watch = StallWatch()
        watch.began(at: 0)
        _ = watch.check(flow(50_000), at: 0, limit: 100)
        #expect(watch.check(flow(50_010), at: 90, limit: 100) == .wait(10))
        #expect(watch.check(flow(50_011), at: 100, limit: 100) == .stalled)
    }

    @Test("little by little is something, when it comes to enough within the limit")
    func littleByLittle() {
        var watch = StallWatch()
        watch.began(at: 0)
        _ = watch.check(flow(50_000), at: 0, limit: 100)
        #expect(watch.check(flow(50_600), at: 60, limit: 100) == .wait(40))
        #expect(watch.check(flow(51_200), at: 100, limit: 100) == .wait(100))
    }

    @Test("the last bytes need not be many")
    func last() {
        var watch = StallWatch()
        watch.began(at: 0)
        _ = watch.check(flow(99_990, held: 0), at: 0, limit: 100)
        #expect(watch.check(flow(100_000, held: 0), at: 100, limit: 100) == .wait(100))
    }

    @Test("what is looked at for other reasons counts too, and delivery is told from standstill")
    func delivers() {
        var watch = StallWatch()
        let first = watch.delivers(flow(50_000))
        let stands = watch.delivers(flow(50_000))
        let moves = watch.delivers(flow(50_001))
        #expect((first, stands, moves) == (true, false, true))
        let last = watch.delivers(Outflow(held: 0, left: 100_000, end: 100_000, acknowledged: 100_000))
        let done = watch.delivers(Outflow(held: 0, left: 100_000, end: 100_000, acknowledged: 100_000))
        #expect((last, done) == (true, false))
    }
}
