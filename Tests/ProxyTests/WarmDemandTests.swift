import Testing

@testable import Proxy

@Suite("How many connections are worth having ready")
struct WarmDemandTests {
    private static let second: UInt64 = 1_000_000_000

    /// So many upgrades a second, evenly, over so many seconds.
    private func demand(rate: UInt64, seconds: UInt64, from start: UInt64 = 1) -> WarmDemand {
        var demand = WarmDemand()
        for number in 0..<rate * seconds { demand.upgraded(at: start + number * Self.second / rate) }
        return demand
    }

    @Test("none before the first 101, none for the sake of a few")
    func few() {
        #expect(WarmDemand().level(at: 0) == 0 && WarmDemand().level(at: .max) == 0)
        var demand = WarmDemand()
        for _ in 0..<4 { demand.upgraded(at: 7) }
        #expect(demand.level(at: 7) == 0)
        demand.upgraded(at: 7)
        #expect(demand.level(at: 7) == 1 && demand.level(at: 7 + Self.second) == 0)
    }

    @Test(
        "in the long run as many as come in a second, up to the most",
        arguments: [(1, 0...1), (2, 1...2), (5, 3...5), (10, 7...10), (100, 16...16), (5000, 16...16)])
    func steady(rate: UInt64, expected: ClosedRange<Int>) {
        let end = 1 + 60 * Self.second
        #expect(expected.contains(demand(rate: rate, seconds: 60).level(at: end)))
    }

    @Test("in silence the number falls to none")
    func silence() {
        let demand = demand(rate: 10, seconds: 60)
        let levels = (60...80).map { demand.level(at: $0 * Self.second) }
        #expect(levels == levels.sorted(by: >) && levels.first ?? 0 >= 7 && levels.last == 0)
        #expect(demand.level(at: .max) == 0)
    }

    @Test("one that has waited in vain halves it")
    func wasted() {
        var demand = demand(rate: 10, seconds: 60)
        let end = 60 * Self.second
        let before = demand.level(at: end)
        demand.wastedOne()
        #expect((before / 2 - 1...before / 2 + 1).contains(demand.level(at: end)))
        for _ in 0..<10 { demand.wastedOne() }
        #expect(demand.level(at: end) == 0)
    }

    @Test("a clock that stands still or goes back does no harm")
    func clocks() {
        var demand = WarmDemand()
        for now: UInt64 in [.max, 5, 0, .max] { demand.upgraded(at: now) }
        #expect(demand.level(at: 0) == 0)
    }
}
