internal import Configuration
internal import Durations
internal import EventLoop
internal import Routing

/// Moves sessions of one worker from overfull backends to those that have come back, at the rate that the upstream's
/// configuration allows: it closes them with 1012, and they reconnect to where there is room.
///
/// All workers see the same counts; each sheds its share of the rate, by how many of the sessions are its own.
final class Rebalancer: TimerTarget {
    private static let period = Duration.seconds(1).nanoseconds

    private unowned let worker: Worker
    private var timer: TimerToken?
    /// Sessions that may be moved and were not yet, by upstream: fractions add up.
    private var credit: [String: Double] = [:]

    init(_ worker: Worker) { self.worker = worker }

    /// Begins, or ends, as the configuration wants it.
    func configure() {
        worker.loop.cancel(timer)
        timer = nil
        credit = credit.filter { rate($0.key) > 0 }
        guard worker.upstreams.keys.contains(where: { rate($0) > 0 }) else { return }
        timer = worker.loop.schedule(self, kind: 0, after: Self.period)
    }

    private func rate(_ upstream: String) -> Int {
        worker.upstreams[upstream]?.settings.policy.rebalanceRate ?? 0
    }

    func timerFired(_ kind: UInt8) {
        timer = worker.loop.schedule(self, kind: 0, after: Self.period)
        guard !worker.isDraining else { return }
        for (name, upstream) in worker.upstreams where rate(name) > 0 { rebalance(name, upstream) }
    }

    private func rebalance(_ name: String, _ upstream: Upstream) {
        let backends = upstream.backends
        let now = worker.loop.now
        let usable = Rotation.preferred(
            backends.map { !$0.state.isDraining && $0.state.health.standing(at: now) == .up },
            priorities: backends.map(\.priority))
        let excess = Rebalancing.excess(
            zip(backends, usable).map { backend, isUsable in
                Rebalancing.Load(
                    weight: Double(backend.weight)
                        * backend.state.health.ramp(at: now, upstream.settings.rules),
                    sessions: backend.state.sessions, isUsable: isUsable)
            })
        let total = excess.reduce(0, +)
        guard total > 0 else {
            credit[name] = nil
            return
        }
        let most = Double(min(total, rate(name)))
        for (backend, surplus) in zip(backends, excess) where surplus > 0 {
            let own = worker.sessions.filter { isOn($0, name, backend.name) }
            let mine = own.filter { $0.plannedDrain == nil && $0.ending == nil }
            let share = Double(own.count) / Double(max(backend.state.sessions, 1))
            let left = Rebalancing.left(
                of: surplus, sessions: backend.state.sessions, own: own.count,
                leaving: own.count - mine.count)
            credit[name, default: 0] += min(most * Double(surplus) / Double(total) * min(share, 1), left)
            let count = min(Int(credit[name] ?? 0), mine.count)
            credit[name, default: 0] -= Double(count)
            for session in mine.shuffled(using: &worker.loop.random).prefix(count) {
                session.drainSoon(
                    after: UInt64.random(in: 0..<Self.period, using: &worker.loop.random),
                    because: .rebalancing)
            }
        }
    }

    private func isOn(_ session: LiveSession, _ upstream: String, _ backend: String) -> Bool {
        session.backendName == backend && session.upstreamName == upstream
    }
}
