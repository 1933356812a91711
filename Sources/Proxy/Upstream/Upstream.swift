internal import Configuration
internal import Routing

/// The backends of one upstream as one worker sees them, and the choice among them.
final class Upstream {
    let name: String
    let backends: [Backend]
    let responseTimeout: UInt64
    /// The same for plain requests.
    let plainResponseTimeout: UInt64
    private var policy: BalancePolicy

    init(
        name: String, backends: [Backend], policy: BalancePolicy, responseTimeout: UInt64,
        plainResponseTimeout: UInt64
    ) {
        self.name = name
        self.backends = backends
        self.policy = policy
        self.responseTimeout = responseTimeout
        self.plainResponseTimeout = plainResponseTimeout
    }

    /// The backend for a new session, none of those tried already; nil when no one is left.
    ///
    /// When all are resting, the one whose rest ends first is tried all the same: better a refused connection than a
    /// refusal out of caution.
    func choose(excluding tried: [Backend], at now: UInt64) -> Backend? {
        let candidates = backends.map { backend in
            Candidate(
                weight: backend.weight, sessions: backend.sessions,
                isUsable: backend.isUsable(at: now) && !tried.contains { $0 === backend })
        }
        if let index = policy.choose(candidates) { return backends[index] }
        guard tried.isEmpty else { return nil }
        return backends.min { $0.health.availableFrom < $1.health.availableFrom }
    }

    func close() {
        for backend in backends { backend.pool?.close() }
    }
}
