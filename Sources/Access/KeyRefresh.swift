internal import Durations

/// When keys are fetched, and how long those that were may be used. Its clock counts nanoseconds.
package struct KeyRefresh: Equatable, Sendable {
    /// What the operator chooses.
    package struct Options: Equatable, Sendable {
        /// How often keys are fetched.
        package var refresh: Duration
        /// For how long they are used beyond that while none can be had.
        package var staleFor: Duration

        /// Options from their parts.
        package init(refresh: Duration, staleFor: Duration) {
            self.refresh = refresh
            self.staleFor = staleFor
        }
    }

    /// Why keys are wanted.
    package enum Cause: Equatable, Sendable {
        /// It is time.
        case due
        /// There are none, and somebody waits.
        case missing
        /// A token names a key that isn't known.
        case unknownKey
    }

    /// Tokens with made-up keys must not make us a source of load.
    private static let unknownKeyRest: UInt64 = 10_000_000_000
    private static let firstRest: UInt64 = 1_000_000_000
    private static let longestRest: UInt64 = 30_000_000_000
    /// A fetch that has not ended after so long is none any longer.
    private static let longestFetch: UInt64 = 30_000_000_000

    /// They may change while it runs.
    package var options: Options
    private var fetchedAt: UInt64?
    private var began: UInt64?
    private var lastForUnknown: UInt64?
    private var restsUntil: UInt64 = 0
    private var failures = 0

    /// Nothing was fetched yet.
    package init(_ options: Options) { self.options = options }

    /// Whether a fetch is under way.
    package var isFetching: Bool { began != nil }

    /// Whether the keys that were fetched may be used.
    package func isUsable(at now: UInt64) -> Bool {
        guard let fetchedAt else { return false }
        return now &- min(fetchedAt, now) <= (options.refresh + options.staleFor).nanoseconds
    }

    /// Whether whoever asks is to fetch them now.
    package mutating func begins(_ cause: Cause, at now: UInt64) -> Bool {
        if let began, now &- min(began, now) < Self.longestFetch { return false }
        switch cause {
        case .due:
            let isDue = fetchedAt.map { now &- min($0, now) >= options.refresh.nanoseconds } ?? true
            guard isDue, now >= restsUntil else { return false }
        case .missing:
            guard !isUsable(at: now), now >= restsUntil else { return false }
        case .unknownKey:
            if let last = lastForUnknown, now &- min(last, now) < Self.unknownKeyRest { return false }
            lastForUnknown = now
        }
        began = now
        return true
    }

    /// Keys have come.
    package mutating func fetched(at now: UInt64) {
        began = nil
        fetchedAt = now
        failures = 0
        restsUntil = 0
    }

    /// None have. The next attempt waits longer each time.
    package mutating func failed(at now: UInt64) {
        began = nil
        restsUntil = now &+ min(Self.firstRest << UInt64(min(failures, 10)), Self.longestRest)
        failures += 1
    }
}
