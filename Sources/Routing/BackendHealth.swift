internal import Durations

/// How a backend is judged.
package struct HealthRules: Equatable, Sendable {
    /// Connections refused or broken off in a row before it rests.
    package var connectFailures = 1
    /// Timeouts, resets and 5xx on upgrades in a row before it rests.
    package var failures = 5
    /// The first rest; each one in a row doubles it, up to `longestRest`.
    package var firstRest = Duration.seconds(1)
    /// No rest is longer.
    package var longestRest = Duration.seconds(30)
    /// Failed checks in a row before it gets nothing more, and good ones before it gets something again.
    package var unhealthyAfter = 3
    /// Good checks in a row before it is used again.
    package var healthyAfter = 2
    /// How long a new or recovered one takes to get its full share; 0 = at once.
    package var slowStart = Duration.seconds(10)

    /// The defaults.
    package init() {}
}

/// What happened to a backend's standing by one more failure.
package enum OnFault: Equatable, Sendable {
    /// Counted; nothing changes yet.
    case noted
    /// It gets nothing until then.
    case rests(until: UInt64)
    /// It rested already: others were under way when that began, and say nothing new.
    case ignored
}

/// What is known of a backend: from connecting to it, from its answers to upgrades, and from checks. Times are
/// nanoseconds given by the caller.
///
/// A refused connection is certain, and so is a failed check; timeouts, resets and 5xx are a suspicion, which is why
/// only a share of an upstream's backends may be out because of them (see `Rotation`).
package struct BackendHealth: Equatable, Sendable {
    /// May it be chosen?
    package enum Standing: Equatable, Sendable {
        case up
        /// Not before `until`, out of suspicion.
        case suspected(until: UInt64)
        /// Not before `until`: it can't be reached.
        case down(until: UInt64)
        /// Its checks fail.
        case failing
    }

    /// The share of choices in which one that has just come up takes part.
    private static let firstShare = 0.1
    /// The part of the time for an answer that a backend in doubt gets, and the least of it.
    private static let doubtedPart = 4
    private static let leastPatience = Duration.seconds(1)
    /// How long one upgrade at a time is enough to find out whether it serves again: that one may have no deadline.
    private static let longestProof = Duration.seconds(30).nanoseconds

    private var connectFailures = 0
    private var failures = 0
    /// Rests in a row, each without a proof of health after it.
    private var rests = 0
    private var availableFrom: UInt64 = 0
    private var isUnreachable = false
    private var checksFailed = 0
    private var checksPassed = 0
    private var isFailing = false
    /// From when on its share grows; 0 = it has it all.
    private var rampsFrom: UInt64 = 0
    /// Why it is, or was last, out; empty when it never was.
    package private(set) var cause = ""
    /// How often it has been put out and taken back.
    package private(set) var transitions: UInt64 = 0

    /// Nothing is known against it.
    package init() {}

    /// Whether it may be chosen now.
    package func standing(at now: UInt64) -> Standing {
        if isFailing { return .failing }
        guard now < availableFrom else { return .up }
        return isUnreachable ? .down(until: availableFrom) : .suspected(until: availableFrom)
    }

    /// The share of choices it takes part in.
    package func ramp(at now: UInt64, _ rules: HealthRules) -> Double {
        guard rampsFrom > 0, rules.slowStart > .zero else { return 1 }
        let passed = Duration.nanoseconds(now - min(rampsFrom, now))
        guard passed < rules.slowStart else { return 1 }
        return Self.firstShare + (1 - Self.firstShare) * (passed / rules.slowStart)
    }

    /// Whether its rest is over and it has not shown yet that it serves again: one upgrade is enough to find out.
    package func isProving(at now: UInt64) -> Bool {
        rests > 0 && standing(at: now) == .up && now &- availableFrom < Self.longestProof
    }

    /// How long an answer to an upgrade is worth waiting for, where another backend could be asked.
    ///
    /// The whole time, unless the last that is known of this one is a failure. Then a client that comes to it is told
    /// sooner that there are others.
    ///
    /// - Parameter whole: what any backend has.
    package func patience(of whole: Duration) -> Duration {
        guard failures > 0 || rests > 0 else { return whole }
        return min(whole, max(whole / Self.doubtedPart, Self.leastPatience))
    }

    /// It has been added to a running upstream.
    package mutating func appeared(at now: UInt64) { rampsFrom = max(now, 1) }

    // MARK: What traffic tells

    /// A connection came about. True when it rested because there was none to be had.
    package mutating func connected(at now: UInt64) -> Bool {
        connectFailures = 0
        guard isUnreachable else { return false }
        recover(at: now)
        return true
    }

    /// It answered an upgrade, be it with a refusal of its own. True when it had rested before.
    package mutating func answered(at now: UInt64) -> Bool {
        failures = 0
        guard rests > 0 else { return false }
        recover(at: now)
        return true
    }

    /// A connection was refused or broken off before it could carry anything.
    ///
    /// - Parameter jitter: 0 to 1: lengthens the rest by up to a quarter, so that nobody tries again together.
    package mutating func connectFailed(
        at now: UInt64, jitter: Double, cause: String, _ rules: HealthRules
    ) -> OnFault {
        guard now >= availableFrom else { return .ignored }
        connectFailures += 1
        guard connectFailures >= rules.connectFailures || rests > 0 else { return .noted }
        isUnreachable = true
        return rest(at: now, jitter: jitter, cause: cause, rules)
    }

    /// It took too long, reset the connection, or answered 5xx. One that has not been well since its last rest rests
    /// again at once.
    package mutating func failed(
        at now: UInt64, jitter: Double, cause: String, _ rules: HealthRules
    ) -> OnFault {
        guard now >= availableFrom else { return .ignored }
        failures += 1
        guard failures >= rules.failures || rests > 0 else { return .noted }
        isUnreachable = false
        return rest(at: now, jitter: jitter, cause: cause, rules)
    }

    private mutating func rest(
        at now: UInt64, jitter: Double, cause: String, _ rules: HealthRules
    ) -> OnFault {
        let doubled = rules.firstRest.nanoseconds.multipliedReportingOverflow(by: 1 << UInt64(min(rests, 30)))
        let length = min(doubled.overflow ? .max : doubled.partialValue, rules.longestRest.nanoseconds)
        rests += 1
        transitions += 1
        failures = 0
        self.cause = cause
        availableFrom = now &+ length &+ UInt64(Double(length) * 0.25 * min(max(jitter, 0), 1))
        return .rests(until: availableFrom)
    }

    // MARK: What checks tell

    /// A check went well. True when it is taken back by that.
    package mutating func checkPassed(at now: UInt64, _ rules: HealthRules) -> Bool {
        checksFailed = 0
        checksPassed += 1
        guard isFailing else { return isUnreachable ? connected(at: now) : false }
        guard checksPassed >= rules.healthyAfter else { return false }
        isFailing = false
        recover(at: now)
        return true
    }

    /// A check failed. True when it is put out by that.
    package mutating func checkFailed(cause: String, _ rules: HealthRules) -> Bool {
        checksPassed = 0
        checksFailed += 1
        guard !isFailing, checksFailed >= rules.unhealthyAfter else { return false }
        isFailing = true
        transitions += 1
        self.cause = cause
        return true
    }

    /// Checks are no longer made: what they said counts no more.
    package mutating func checksEnded(at now: UInt64) {
        guard isFailing else { return }
        isFailing = false
        recover(at: now)
    }

    private mutating func recover(at now: UInt64) {
        (connectFailures, failures, rests, availableFrom, isUnreachable) = (0, 0, 0, 0, false)
        transitions += 1
        rampsFrom = max(now, 1)
    }
}
