import Chance
import Testing

@testable import EventLoop

@Suite("Timer wheel")
struct TimerWheelTests {
    private let tick: UInt64 = 1 << 22

    @Test("fires at its deadline, never before, and at most one tick late")
    func firesInTime() {
        for delay: UInt64 in [
            0, 1, tick - 1, tick, 63 * tick, 64 * tick, 65 * tick, 4095 * tick, 4097 * tick + 5,
        ] {
            var wheel = TimerWheel<Int>(now: 1000)
            _ = wheel.schedule(7, at: 1000 + delay)
            var expired: [Int] = []
            var now: UInt64 = 1000
            while expired.isEmpty, now < 1000 + delay + 3 * tick {
                now += tick / 2
                wheel.advance(to: now, expired: &expired)
            }
            #expect(expired == [7])
            #expect(now >= 1000 + delay)
            #expect(now <= 1000 + delay + 2 * tick + tick / 2)
        }
    }

    @Test("agrees with a sorted list on random schedules, cancellations and leaps of time")
    func agreesWithNaiveTwin() {
        var generator = SplitMix(seed: 42)
        var wheel = TimerWheel<Int>(now: 0)
        var twin: [Int: (due: UInt64, token: TimerToken)] = [:]
        var now: UInt64 = 0
        for id in 0..<4000 {
            let delay = generator.next() % (1 << (24 + generator.next() % 16))
            twin[id] = (now + delay, wheel.schedule(id, at: now + delay))
            if id % 3 == 0, let victim = twin.keys.min(), let entry = twin.removeValue(forKey: victim) {
                wheel.cancel(entry.token)
            }
            if id % 5 == 0 {
                now += generator.next() % (1 << (20 + generator.next() % 16))
                var expired: [Int] = []
                wheel.advance(to: now, expired: &expired)
                for fired in expired {
                    let entry = twin.removeValue(forKey: fired)
                    #expect(entry != nil && entry!.due <= now + tick)
                }
                #expect(twin.values.allSatisfy { $0.due + 2 * tick > now })
            }
            #expect(wheel.count == twin.count)
        }
    }

    @Test("cancelling twice, or after firing, does nothing to a later timer in the same place")
    func staleTokens() {
        var wheel = TimerWheel<Int>(now: 0)
        let first = wheel.schedule(1, at: tick)
        wheel.cancel(first)
        _ = wheel.schedule(2, at: tick)
        wheel.cancel(first)
        var expired: [Int] = []
        wheel.advance(to: 3 * tick, expired: &expired)
        #expect(expired == [2])
        #expect(wheel.nextDeadline == nil)
    }

    @Test("a deadline at the end of time does not overflow")
    func farFuture() {
        var wheel = TimerWheel<Int>(now: 0)
        _ = wheel.schedule(1, at: .max)
        var expired: [Int] = []
        wheel.advance(to: 1 << 50, expired: &expired)
        #expect(expired.isEmpty)
        #expect(wheel.count == 1)
    }
}
