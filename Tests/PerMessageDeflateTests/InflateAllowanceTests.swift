import Testing

@testable import PerMessageDeflate

@Suite("Allowance for inflating")
struct InflateAllowanceTests {
    private static let second: UInt64 = 1_000_000_000
    private let limits = InflateLimits(message: 4 << 20, ratio: 100)

    @Test("what stays within the ratio never waits")
    func within() {
        var allowance = InflateAllowance(limits, at: 0)
        for _ in 0..<10_000 { #expect(allowance.took(1000, becoming: 100_000, at: 0) == 0) }
    }

    @Test("one message of the largest size never waits, whatever it came from")
    func message() {
        var allowance = InflateAllowance(limits, at: 0)
        for _ in 0..<64 { #expect(allowance.took(1, becoming: 64 << 10, at: 0) == 0) }
    }

    @Test("what goes on beyond it waits, as long as it takes at a burst a second")
    func beyond() {
        var allowance = InflateAllowance(limits, at: 0)
        #expect(allowance.took(0, becoming: 4 << 20, at: 0) == 0)
        #expect(allowance.took(0, becoming: 2 << 20, at: 0) == Self.second / 2)
        #expect(allowance.took(0, becoming: 0, at: Self.second / 2) == 0)
        #expect(allowance.took(0, becoming: 4096, at: Self.second / 2) == 5_000_000)
    }

    @Test("time and thrift fill it up, but never beyond the burst")
    func refill() {
        var allowance = InflateAllowance(limits, at: 0)
        _ = allowance.took(0, becoming: 4 << 20, at: 0)
        #expect(allowance.took(1 << 20, becoming: 0, at: 0) == 0)
        #expect(allowance.took(0, becoming: 4 << 20, at: 0) == 0)
        #expect(allowance.took(0, becoming: 4 << 20, at: 100 * Self.second) == 0)
        #expect(allowance.took(0, becoming: 5 << 20, at: 300 * Self.second) == Self.second / 4)
    }

    @Test("no ratio is no limit, and numbers without bounds do no harm")
    func extremes() {
        var free = InflateAllowance(InflateLimits(message: 1, ratio: 0), at: 0)
        #expect(free.took(0, becoming: .max, at: 0) == 0)
        var least = InflateAllowance(InflateLimits(message: .max, ratio: .max), at: .max)
        #expect(least.took(.max, becoming: .max, at: 0) == 0)
        #expect(least.took(0, becoming: 1 << 60, at: 0) > 0)
    }
}
