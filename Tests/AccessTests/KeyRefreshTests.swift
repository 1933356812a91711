import Access
import Testing

struct KeyRefreshTests {
    private static let second: UInt64 = 1_000_000_000
    private var plan = KeyRefresh(.init(refresh: .seconds(600), staleFor: .seconds(3600)))

    @Test("one fetch at a time, the next when it is due")
    func due() {
        var plan = plan
        #expect(plan.begins(.due, at: 0) && !plan.begins(.due, at: 1) && plan.isFetching)
        plan.fetched(at: 10)
        #expect(!plan.begins(.due, at: 599 * Self.second) && plan.begins(.due, at: 601 * Self.second))
        #expect(plan.begins(.due, at: 630 * Self.second) == false, "one that hangs")
        #expect(plan.begins(.due, at: 632 * Self.second) == true, "is given up")
    }

    @Test("keys are used while their source is down, but not for ever")
    func stale() {
        var plan = plan
        #expect(!plan.isUsable(at: 0))
        plan.fetched(at: 0)
        #expect(plan.isUsable(at: 4200 * Self.second) && !plan.isUsable(at: 4201 * Self.second))
        plan.options = .init(refresh: .seconds(Int64.max), staleFor: .seconds(Int64.max))
        #expect(plan.isUsable(at: .max))
    }

    @Test("after failures it rests longer and longer")
    func failures() {
        var plan = plan
        var now: UInt64 = 0
        for rest in [1, 2, 4, 8, 16, 30, 30, 30] {
            #expect(plan.begins(.missing, at: now) == true)
            plan.failed(at: now)
            now += UInt64(rest) * Self.second - 1
            #expect(!plan.begins(.missing, at: now) && !plan.begins(.due, at: now))
            now += 1
        }
    }

    @Test("an unknown key makes one fetch, and the next one has to wait")
    func unknown() {
        var plan = plan
        plan.fetched(at: 0)
        #expect(plan.begins(.unknownKey, at: Self.second) == true)
        plan.fetched(at: 2 * Self.second)
        #expect(
            !plan.begins(.unknownKey, at: 3 * Self.second) && !plan.begins(.unknownKey, at: 10 * Self.second))
        #expect(plan.begins(.unknownKey, at: 11 * Self.second) == true)
    }
}
