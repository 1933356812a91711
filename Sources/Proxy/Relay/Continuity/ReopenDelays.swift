internal import Durations

/// How long whoever has lost a connection waits before each new try. Times are nanoseconds. Pure.
struct ReopenDelays: Equatable {
    static let first = Duration.milliseconds(100).nanoseconds
    static let longest = Duration.seconds(5).nanoseconds

    private var failures: UInt8 = 0

    /// It went well for long enough: the next loss begins anew.
    mutating func reset() { failures = 0 }

    /// The wait before the next try: it doubles, half of it is fixed and half is spread, so that workers and proxies that
    /// lost together don't come back together.
    ///
    /// - Parameters:
    ///   - jitter: 0 to 1.
    ///   - longest: the wait grows no longer.
    mutating func next(jitter: Double, longest: UInt64 = Self.longest) -> UInt64 {
        let delay = min(Self.first << UInt64(failures), longest)
        failures = min(failures + 1, 16)
        return delay / 2 + UInt64(Double(delay / 2) * min(max(jitter, 0), 1))
    }
}
