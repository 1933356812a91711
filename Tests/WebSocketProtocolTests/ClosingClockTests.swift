import Testing
import WebSocketProtocol

@Suite("How long an end is waited for")
struct ClosingClockTests {
    @Test("where nothing moves it is over after the limit, looked at half-way")
    func still() {
        var clock = ClosingClock(limit: 100, at: 1000)
        #expect(clock.firstLook == 50)
        #expect(clock.check(at: 1050, hasMoved: false) == 50)
        #expect(clock.check(at: 1100, hasMoved: false) == nil)
    }

    @Test("what moves is waited for, up to a bound")
    func moving() {
        var clock = ClosingClock(limit: 100, at: 0)
        var now: UInt64 = 50
        while let wait = clock.check(at: now, hasMoved: true) {
            #expect(wait > 0 && wait <= 50)
            now += wait
        }
        #expect(now == 100 * ClosingClock.bound)
    }

    @Test("what moved and then stands is over after the limit")
    func stands() {
        var clock = ClosingClock(limit: 100, at: 0)
        #expect(clock.check(at: 50, hasMoved: true) == 50)
        #expect(clock.check(at: 100, hasMoved: false) == 50)
        #expect(clock.check(at: 150, hasMoved: false) == nil)
    }

    @Test("no time is no time, whatever moves; and nothing overflows")
    func edges() {
        var none = ClosingClock(limit: 0, at: 7)
        #expect(none.firstLook == 1)
        #expect(none.check(at: 8, hasMoved: true) == nil)
        var endless = ClosingClock(limit: .max, at: 7)
        #expect(endless.check(at: 8, hasMoved: true) == endless.firstLook)
    }
}
