internal import Durations

/// When a session is looked at that nothing else is due of. Each is, now and then; and of thousands the looks of some time
/// are due at once, so that the loop wakes for all of them and not for each. Pure.
enum LookPace {
    /// From one look to the next.
    private static let interval = Duration.seconds(10).nanoseconds
    /// Within which they come together: an eighth of a second.
    private static let span: UInt64 = 1 << 27

    /// - Parameter now: in nanoseconds, on the loop's clock.
    static func next(after now: UInt64) -> UInt64 {
        let (due, overflow) = now.addingReportingOverflow(interval)
        return overflow ? .max : due | (span - 1)
    }
}
