internal import Configuration
internal import EventLoop
internal import Routing

/// The backends of one upstream as one worker sees them, and the choice among them.
final class Upstream {
    let settings: UpstreamSettings
    private unowned let worker: Worker
    private var members: [Backend] = []
    private var version = -1
    private var policy: BalancePolicy
    private var isClosed = false

    init(_ settings: UpstreamSettings, worker: Worker) {
        self.settings = settings
        self.worker = worker
        policy = BalancePolicy(settings.configuration.isRoundRobin ? .roundRobin : .leastSessions)
        refresh()
    }

    var name: String { settings.state.name }
    var responseTimeout: UInt64 { settings.configuration.responseTimeout }
    /// The same for plain requests.
    var plainResponseTimeout: UInt64 { settings.configuration.plainResponseTimeout }

    /// The backends as they are listed now.
    var backends: [Backend] {
        if version != settings.state.version { refresh() }
        return members
    }

    /// Takes over a changed list: who stays keeps its warm connections.
    private func refresh() {
        // The number first: a list that changes in between is taken again at the next look.
        version = settings.state.version
        let old = members
        members = settings.state.members.map { member in
            old.first { $0.state === member.state && $0.weight == member.weight }
                ?? Backend(member, settings: settings)
        }
        for backend in old where !members.contains(where: { $0 === backend }) { backend.pool?.close() }
        guard !isClosed else { return }
        for backend in members where backend.pool == nil { backend.startPool(on: worker) }
    }

    /// The backend for a new session, none of those tried already; nil when no one is left.
    ///
    /// When all are resting, the one whose rest ends first is tried all the same: better a refused connection than a
    /// refusal out of caution.
    func choose(excluding tried: [Backend], at now: UInt64) -> Backend? {
        let backends = self.backends
        let candidates = backends.map { backend in
            Candidate(
                weight: backend.weight, load: backend.state.load,
                isUsable: backend.isUsable(at: now) && !tried.contains { $0 === backend })
        }
        if let index = policy.choose(candidates, random: &worker.loop.random) { return backends[index] }
        guard tried.isEmpty else { return nil }
        return backends.filter { !$0.state.isDraining }
            .min { $0.state.health.availableFrom < $1.state.health.availableFrom }
    }

    func close() {
        isClosed = true
        for backend in members { backend.pool?.close() }
    }
}
