internal import Configuration
internal import EventLoop
internal import Routing

/// The backends of one upstream as one worker sees them, and the choice among them.
final class Upstream {
    /// What a request is to do.
    enum Choice {
        case ask(Backend)
        /// Wait for a place with one of these; `only` where no other will do.
        case wait([Backend], only: Backend?)
        case nobody
    }

    let settings: UpstreamSettings
    private unowned let worker: UpstreamContext
    private var members: [Backend] = []
    private var version = -1
    private var policy: BalancePolicy
    private var retries: RetryBudget
    private var isClosed = false
    /// A client was told already that no backend can be reached.
    private var wasOut = false
    // One worker watches for all.
    private var checks: HealthChecks?
    private var names: NameRefresh?

    init(_ settings: UpstreamSettings, worker: UpstreamContext) {
        self.settings = settings
        self.worker = worker
        policy = BalancePolicy(settings.balances)
        retries = RetryBudget(percent: settings.policy.retry.budget)
        if worker.index == 0 { beginWatch() }
        refresh()
        names?.start()
    }

    private func beginWatch() {
        names = NameRefresh(settings, on: worker) { [weak self] in _ = self?.backends }
        if let health = settings.policy.health {
            checks = HealthChecks(health, on: worker)
        } else {
            for member in settings.state.members {
                member.state.withHealth { $0.checksEnded(at: worker.loop.now) }
            }
        }
    }

    var name: String { settings.state.name }
    var responseTimeout: Duration { settings.responseTimeout }
    /// How long an upgrade may take that several backends are asked for in turn; zero = for ever.
    var openingTimeout: Duration {
        responseTimeout * max(1, min(settings.policy.retry.attempts + 1, backends.count))
    }
    /// `responseTimeout` for plain requests.
    var plainResponseTimeout: Duration { settings.configuration.plainResponseTimeout }

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
            member.state.seen(at: worker.loop.now)
            return old.first {
                $0.state === member.state && $0.weight == member.weight && $0.priority == member.priority
            }
                ?? Backend(member, settings: settings)
        }
        for backend in old where !members.contains(where: { $0 === backend }) {
            backend.closePool(on: worker)
        }
        guard !isClosed else { return }
        for backend in members where backend.pool == nil { backend.startPool(on: worker) }
        checks?.watch(members)
    }

    /// The backend for a request, none of those tried already.
    func choose(for request: BackendRequest, excluding tried: [BackendState]) -> Choice {
        let backends = self.backends
        // Where there is one, nothing is to be weighed: it is asked whatever is known against it.
        if let only = backends.first, backends.count == 1 {
            let isOut = only.state.isDraining || tried.contains { $0 === only.state }
            return isOut ? .nobody : choice(of: only, request)
        }
        let now = worker.loop.now
        let health = backends.map(\.state.health)
        let places = zip(backends, health).map { backend, health -> Rotation.Place in
            backend.state.isDraining ? .out : .standing(health.standing(at: now))
        }
        let reachable = zip(Rotation.usable(places, share: settings.policy.mostResting), backends)
            .map { isUsable, backend in isUsable && !tried.contains { $0 === backend.state } }
        if let home = home(of: request, backends, reachable) { return choice(of: home, request) }
        // A rest begins with a failure that many may have waited for, and ends without proof.
        let spared = Rotation.spared(
            reachable,
            proving: zip(backends, health).map { backend, health in
                request.isUpgrade && backend.state.handshakes > 0 && health.isProving(at: now)
            })
        let usable = Rotation.preferred(spared, priorities: backends.map(\.priority))
        let candidates = backends.indices.map { index in
            Candidate(
                identity: backends[index].state.identity, weight: backends[index].weight,
                load: backends[index].state.load,
                isUsable: usable[index] && (isHash || hasRoom(backends[index], request)),
                ramp: health[index].ramp(at: now, settings.rules))
        }
        let key = isHash ? request.hash(of: settings.hashKey) : 0
        if let index = policy.choose(candidates, key: key, random: &worker.loop.random) {
            return choice(of: backends[index], request)
        }
        let full = backends.indices.filter { usable[$0] }.map { backends[$0] }
        return full.isEmpty ? .nobody : .wait(full, only: nil)
    }

    /// Whether a client that no backend could be found for is one of many: all backends are out, and that is no news of
    /// the only one there is. It is then better told to come again later than that a gateway is bad.
    func isKnownOut() -> Bool {
        let backends = self.backends
        let now = worker.loop.now
        guard backends.allSatisfy({ $0.state.isDraining || $0.state.health.standing(at: now) != .up }) else {
            wasOut = false
            return false
        }
        defer { wasOut = true }
        return wasOut || backends.count > 1
    }

    /// How many others can be asked now.
    func usable(besides state: BackendState) -> Int {
        let now = worker.loop.now
        return backends.count { $0.state !== state && $0.isUsable(at: now) }
    }

    /// A request is put to its backends for the first time.
    func asked() { retries.asked() }

    /// Whether a request may be sent to another one.
    func takeRetry() -> Bool { retries.takeRetry() }

    /// How long an answer of a backend to an upgrade is waited for: less than `responseTimeout` where it is in doubt, and
    /// the request may go to another one instead.
    ///
    /// - Parameters:
    ///   - tried: backends that are not asked again; this one need not be among them.
    ///   - most: in no case more, where there is another one; nil = as long as any client waits.
    func patience(with backend: Backend, excluding tried: [BackendState], most: Duration?) -> Duration {
        let backends = self.backends
        let whole = responseTimeout
        guard backends.count > 1, retries.hasRetry else { return whole }
        let patience = min(backend.state.health.patience(of: whole), most ?? whole)
        guard patience < whole else { return whole }
        let now = worker.loop.now
        let hasOther = backends.contains { other in
            other.state !== backend.state && other.isUsable(at: now) && other.state.hasRoom
                && !tried.contains { $0 === other.state }
        }
        return hasOther ? patience : whole
    }

    private var isHash: Bool { settings.balances == .hash }

    /// The backend that gave out the request's key.
    private func home(of request: BackendRequest, _ backends: [Backend], _ usable: [Bool]) -> Backend? {
        guard settings.learnsKeys, let key = request.value(of: settings.hashKey),
            let name = settings.state.giver(of: key)
        else { return nil }
        return backends.indices.first { usable[$0] && backends[$0].name == name }.map { backends[$0] }
    }

    /// A key is worth waiting for: with another backend it would mean nothing.
    private func choice(of backend: Backend, _ request: BackendRequest) -> Choice {
        hasRoom(backend, request) ? .ask(backend) : .wait([backend], only: isHash ? backend : nil)
    }

    private func hasRoom(_ backend: Backend, _ request: BackendRequest) -> Bool {
        !request.isUpgrade || backend.state.hasRoom
    }

    /// No session begins any more: nothing is kept ready for one.
    func rest() {
        for backend in members { backend.rest() }
    }

    func close() {
        isClosed = true
        checks?.stop()
        names?.stop()
        for backend in members { backend.closePool(on: worker) }
    }
}
