internal import Routing

/// How a backend stands, for people and machines that watch.
struct BackendStanding: Equatable, Sendable {
    enum Word: String, Sendable {
        case up
        /// New or recovered: it does not get its full share yet.
        case ramping
        /// Out for a while, because of what requests told.
        case resting
        /// Out until its checks go well again.
        case failing
        case draining
        /// No longer configured; it still carries something.
        case gone
    }

    let word: Word
    /// Why it is out; empty when it isn't.
    let why: String
    /// The share of choices that it takes part in; 1 = all.
    let share: Double
}

extension BackendState {
    func standing(at now: UInt64, slowStart: Duration) -> BackendStanding {
        let health = self.health
        var rules = HealthRules()
        rules.slowStart = slowStart
        if !isConfigured { return BackendStanding(word: .gone, why: "not in the configuration", share: 0) }
        if isDraining { return BackendStanding(word: .draining, why: "drained by order", share: 0) }
        switch health.standing(at: now) {
        case .failing: return BackendStanding(word: .failing, why: health.cause, share: 0)
        case .down, .suspected: return BackendStanding(word: .resting, why: health.cause, share: 0)
        case .up:
            let share = health.ramp(at: now, rules)
            return BackendStanding(word: share < 1 ? .ramping : .up, why: "", share: share)
        }
    }
}
