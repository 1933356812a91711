import Testing

@testable import Proxy

@Suite("How long a drain is spread")
struct DrainPlanTests {
    @Test("a crowd over four fifths of the time, a handful over less, nobody not at all")
    func spread() {
        #expect(DrainPlan.spread(sessions: 100, limit: .nanoseconds(30_000)) == 24_000)
        #expect(DrainPlan.spread(sessions: 1_000_000, limit: .nanoseconds(30_000)) == 24_000)
        #expect(DrainPlan.spread(sessions: 99, limit: .nanoseconds(30_000)) == 23_760)
        #expect(DrainPlan.spread(sessions: 1, limit: .nanoseconds(30_000)) == 240)
        #expect(DrainPlan.spread(sessions: 0, limit: .nanoseconds(30_000)) == 0)
        #expect(DrainPlan.spread(sessions: -1, limit: .nanoseconds(30_000)) == 0)
    }

    @Test("no time is no spread, and the longest can be counted")
    func ends() {
        #expect(DrainPlan.spread(sessions: 50, limit: .zero) == 0)
        #expect(DrainPlan.spread(sessions: .max, limit: .seconds(Int64.max)) == UInt64.max / 5 * 4)
        #expect(DrainPlan.spread(sessions: 99, limit: .seconds(Int64.max)) < .max)
    }
}
