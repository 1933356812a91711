/// How much may pass in a time, with bursts (the generic cell rate algorithm). Pure: all state is one word, the time at
/// which all that has passed will have been paid for, which whoever shares it keeps where all can reach it.
package struct Rate: Equatable, Sendable {
    private static let second: UInt64 = 1_000_000_000

    private let count: UInt64
    private let period: UInt64
    /// Nanoseconds that may be owed before anything waits.
    private let burst: UInt64

    /// - Parameters:
    ///   - count: how much may pass in a period; 0 = no limit.
    ///   - period: nanoseconds.
    ///   - burst: nanoseconds' worth that may pass at once.
    package init(_ count: Int, per period: UInt64 = Rate.oneSecond, burst: UInt64) {
        self.count = UInt64(clamping: count)
        self.period = max(period, 1)
        self.burst = burst
    }

    /// A second in nanoseconds.
    package static let oneSecond = second

    /// The same, where so many at once are the burst.
    package init(_ count: Int, per period: UInt64 = Rate.oneSecond, atOnce: Int) {
        self.init(count, per: period, burst: 0)
        self = Rate(count, per: period, burst: count > 0 ? cost(of: UInt64(clamping: atOnce)) : 0)
    }

    /// Whether there is a limit at all.
    package var isOn: Bool { count > 0 }

    /// Nanoseconds that so much takes.
    func cost(of amount: UInt64) -> UInt64 {
        guard count > 0 else { return 0 }
        let product = amount.multipliedFullWidth(by: period)
        guard product.high < count else { return .max }
        let (quotient, remainder) = count.dividingFullWidth(product)
        return remainder > 0 && quotient < .max ? quotient + 1 : quotient
    }

    /// What a worker takes at a time: a hundredth of a second's worth, or of the burst where that is less.
    package var slice: UInt64 {
        let part = count.multipliedFullWidth(by: Self.second / 100)
        guard part.high < period else { return 1 }
        return max(period.dividingFullWidth(part).quotient, 1)
    }

    /// Counts what has passed: when all will have been paid for, and how long to wait before more may; 0 = not at all.
    ///
    /// - Parameter paidAt: when all before it will have been; 0 = nothing was.
    package func after(
        _ paidAt: UInt64, taking amount: UInt64, at now: UInt64
    ) -> (paidAt: UInt64, wait: UInt64) {
        guard count > 0, amount > 0 else { return (paidAt, 0) }
        let sum = max(paidAt, now).addingReportingOverflow(cost(of: amount))
        let paid = sum.overflow ? .max : sum.partialValue
        return (paid, wait(paid, now))
    }

    /// As `after`, for what is not let through unless it may at once: `paidAt` stays where it must wait.
    package func admitting(
        _ paidAt: UInt64, taking amount: UInt64, at now: UInt64
    ) -> (paidAt: UInt64, wait: UInt64) {
        let next = after(paidAt, taking: amount, at: now)
        return next.wait > 0 ? (paidAt, next.wait) : next
    }

    private func wait(_ paid: UInt64, _ now: UInt64) -> UInt64 {
        let debt = paid > now ? paid - now : 0
        return debt > burst ? debt - burst : 0
    }
}

/// What one worker has taken of a shared rate and not used. Pure.
package struct Allowance: Equatable, Sendable {
    private var left: UInt64 = 0

    /// Nothing was taken.
    package init() {}

    /// Uses up so much.
    ///
    /// - Parameters:
    ///   - slice: what is taken at a time.
    ///   - take: takes so much of what is shared, and says how long that makes wait.
    /// - Returns: nanoseconds to wait; 0 = not at all.
    package mutating func use(_ amount: UInt64, slice: UInt64, _ take: (UInt64) -> UInt64) -> UInt64 {
        guard amount > left else {
            left -= amount
            return 0
        }
        let need = amount - left
        let taken = max(need, slice)
        left = taken - need
        return take(taken)
    }
}
