/// How long is waited after failures, so that neither rate limits nor an authority in trouble are run against.
package struct BackOff: Equatable, Sendable {
    /// Seconds after failures that nobody counts: networks, an authority that is down.
    private static let quick = [10, 20, 40, 90, 180, 360, 600, 1200, 1800, 3600]
    /// After those that the authority counts: of failed validations Let's Encrypt allows five an hour.
    private static let slow = [60, 300, 900, 1800, 3600, 7200, 14_400, 21_600]

    /// In a row.
    package private(set) var failures = 0

    /// - Parameter failures: as they were counted before.
    package init(failures: Int = 0) { self.failures = max(failures, 0) }

    /// How long until the next try.
    ///
    /// - Parameter chance: from 0 to 1.
    package mutating func failed(_ error: ACMEError, chance: Double) -> Duration {
        failures += 1
        let steps = error.countsAtAuthority ? Self.slow : Self.quick
        let step = Double(steps[min(failures - 1, steps.count - 1)])
        return max(.seconds(Int(step * (0.8 + 0.4 * chance))), error.retryAfter ?? .zero)
    }
}
