/// How much may pass in a second, with bursts of up to a second's worth (the generic cell rate algorithm).
///
/// One word of state: the time at which all that has passed will have been paid for.
package struct RateLimit: Equatable, Sendable {
    private static let second: UInt64 = 1_000_000_000

    /// Nanoseconds that one costs; 0 = no limit.
    private let cost: UInt64
    private var paidAt: UInt64 = 0

    /// - Parameter perSecond: 0 = no limit.
    package init(perSecond: Int) {
        cost = perSecond > 0 ? max(Self.second / UInt64(perSecond), 1) : 0
    }

    /// Whether there is a limit at all.
    package var isOn: Bool { cost > 0 }

    /// Counts what has passed. Returns nanoseconds to wait before more may; 0 = none.
    package mutating func take(_ count: Int, at now: UInt64) -> UInt64 { take(count, at: now, since: now) }

    /// As `take(_:at:)`, for what may have come at any time since `earliest`: what waited to be read is not a burst.
    package mutating func take(_ count: Int, at now: UInt64, since earliest: UInt64) -> UInt64 {
        guard cost > 0, count > 0 else { return 0 }
        let product = cost.multipliedReportingOverflow(by: UInt64(count))
        let sum = max(paidAt, min(earliest, now)).addingReportingOverflow(product.partialValue)
        guard !product.overflow, !sum.overflow else { return .max }
        paidAt = sum.partialValue
        let debt = paidAt > now ? paidAt - now : 0
        return debt > Self.second ? debt - Self.second : 0
    }
}
