import Testing

@testable import Access

@Suite("Rates that are shared")
struct RateTests {
    private static let second = Rate.oneSecond

    @Test("a burst passes at once, and then so much as the rate says")
    func bursts() {
        let rate = Rate(10, burst: Self.second)
        var paid: UInt64 = 0
        let start: UInt64 = 77 * Self.second
        for _ in 0..<10 {
            let next = rate.after(paid, taking: 1, at: start)
            #expect(next.wait == 0)
            paid = next.paidAt
        }
        #expect(rate.after(paid, taking: 1, at: start).wait == Self.second / 10)
        #expect(rate.after(paid, taking: 1, at: start + Self.second / 10).wait == 0)
        #expect(rate.after(paid, taking: 5, at: start).wait == Self.second / 2)
    }

    @Test("what is not let through costs nothing")
    func admitting() {
        let rate = Rate(5, per: 60 * Self.second, atOnce: 5)
        var paid: UInt64 = 0
        var passed = 0
        for _ in 0..<100 {
            let next = rate.admitting(paid, taking: 1, at: Self.second)
            if next.wait == 0 { passed += 1 }
            paid = next.paidAt
        }
        #expect(passed == 5)
        #expect(rate.admitting(paid, taking: 1, at: Self.second).wait == 12 * Self.second)
        #expect(rate.admitting(paid, taking: 1, at: 13 * Self.second).wait == 0)
    }

    @Test("no limit is none, and nothing overflows")
    func edges() {
        #expect(!Rate(0, burst: 0).isOn && Rate(0, burst: 0).after(0, taking: .max, at: 1).wait == 0)
        #expect(Rate(1, burst: 0).after(.max - 1, taking: .max, at: .max).paidAt == .max)
        #expect(Rate(.max, burst: 0).after(0, taking: 1, at: 5).paidAt == 6)
        #expect(Rate(1 << 30, burst: 0).slice == 1 << 30 / 100 && Rate(1, burst: 0).slice == 1)
    }

    @Test("slices of several workers never make more than the rate, and waste little")
    func slices() {
        let rate = Rate(1000, burst: 0)
        var paid: UInt64 = 0
        var allowances = [Allowance](repeating: Allowance(), count: 4)
        var waits = [UInt64](repeating: 0, count: 4)
        var used = 0
        let time = 10 * Self.second
        for now in stride(from: UInt64(1), to: time, by: 100_000) {
            for worker in allowances.indices where waits[worker] <= now {
                used += 3
                let wait = allowances[worker].use(3, slice: rate.slice) { amount in
                    let next = rate.after(paid, taking: amount, at: now)
                    paid = next.paidAt
                    return next.wait
                }
                waits[worker] = now + wait
            }
        }
        #expect(abs(used - 10_000) < 500, "\(used)")
    }
}
