/// For how long the end of a connection is waited for: as long as it gets on, within a bound. Pure; nanoseconds.
///
/// What was sent last may stand behind much that a slow peer is still taking, and its own last frame may still be coming.
package struct ClosingClock: Equatable, Sendable {
    /// So many times the limit at most, whatever moves.
    package static let bound: UInt64 = 12

    private let limit: UInt64
    private let latest: UInt64
    /// The end is due when nothing has moved since the look before.
    private var due: UInt64

    /// - Parameter limit: for how long nothing may move; 0 = the end is now.
    package init(limit: UInt64, at now: UInt64) {
        self.limit = limit
        let (most, isBeyond) = limit.multipliedReportingOverflow(by: Self.bound)
        latest = isBeyond ? .max : Self.sum(now, most)
        due = Self.sum(now, limit)
    }

    /// How long after the beginning the first look comes: the half, so that the second can compare.
    package var firstLook: UInt64 { max(limit / 2, 1) }

    /// nil when the wait is over; else how long until the next look.
    package mutating func check(at now: UInt64, hasMoved: Bool) -> UInt64? {
        if hasMoved { due = max(due, min(Self.sum(now, limit), latest)) }
        guard now < due else { return nil }
        return min(firstLook, due - now)
    }

    private static func sum(_ time: UInt64, _ delay: UInt64) -> UInt64 {
        let (sum, isBeyond) = time.addingReportingOverflow(delay)
        return isBeyond ? .max : sum
    }
}
