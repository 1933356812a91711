/// What is known of a backend from connecting to it. Times are nanoseconds given by the caller.
package struct BackendHealth: Equatable, Sendable {
    private static let firstRest: UInt64 = 1_000_000_000
    private static let longestRest: UInt64 = 30_000_000_000

    private var failures = 0
    /// From when on it may be tried; 0 = always.
    package private(set) var availableFrom: UInt64 = 0

    /// Nothing is known against it.
    package init() {}

    /// Whether it may be chosen now.
    package func isAvailable(at now: UInt64) -> Bool { now >= availableFrom }

    /// A connection came about. True when it had failed before.
    package mutating func connected() -> Bool {
        defer { (failures, availableFrom) = (0, 0) }
        return failures > 0
    }

    /// A connection failed: it rests for 1 s, doubling up to 30 s, jittered by up to a quarter so that workers don't try
    /// again together. Failures that were under way when the rest began don't lengthen it.
    ///
    /// - Parameter jitter: 0 to 1.
    /// - Returns: when the rest is over.
    package mutating func connectFailed(at now: UInt64, jitter: Double) -> UInt64 {
        guard isAvailable(at: now) else { return availableFrom }
        let rest = min(Self.firstRest << UInt64(min(failures, 5)), Self.longestRest)
        failures += 1
        availableFrom = now + rest + UInt64(Double(rest) * 0.25 * min(max(jitter, 0), 1))
        return availableFrom
    }
}
