internal import Configuration
internal import Durations
internal import EventLoop

/// Looks the `dns:` names of one upstream up again and again. One worker of the process does it for all; the answers are
/// the upstream's shared state. A lookup that fails changes nothing: the last good answer stays. An answer that holds for
/// less than `resolve_interval` is asked for again when it no longer holds.
final class NameRefresh: TimerTarget {
    /// While nothing is known a name is tried again soon.
    private static let firstRetry = Duration.seconds(1).nanoseconds
    /// A name server doesn't set our pace: nothing is asked more often because of what it says.
    private static let shortestLifetime = Duration.seconds(1).nanoseconds

    private let state: UpstreamState
    private let interval: UInt64
    private unowned let worker: UpstreamContext
    private let changed: () -> Void
    private var timer: TimerToken?
    private var isStopped = false
    private var failing: Set<String> = []
    /// Addresses in the last answers that no backend can have, by the name.
    private var unusable: [String: [String]] = [:]
    /// Some name could not even be asked for.
    private var isShort = false
    /// For how long all answers of this round hold.
    private var lifetime: UInt64 = .max

    /// - Parameter changed: called when the list of backends has become another.
    init(_ settings: UpstreamSettings, on worker: UpstreamContext, changed: @escaping () -> Void) {
        state = settings.state
        interval = settings.policy.resolveInterval.nanoseconds
        self.worker = worker
        self.changed = changed
    }

    /// Looks everything up now, and again after each interval; does nothing for an upstream without names.
    func start() {
        guard !state.names.isEmpty else { return }
        refresh()
    }

    func stop() {
        isStopped = true
        worker.loop.cancel(timer)
        timer = nil
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        refresh()
    }

    private func refresh() {
        var waiting = state.names.count
        isShort = false
        lifetime = .max
        for (entry, name, port) in state.names {
            worker.resolve(name, port: port, wantsLifetime: interval > Self.shortestLifetime) {
                [weak self] answer in
                guard let self, !isStopped else { return }
                take(answer, entry)
                waiting -= 1
                if waiting == 0 { schedule() }
            }
        }
    }

    private func take(_ answer: Resolver.Answer, _ entry: String) {
        switch answer {
        case .found(let endpoints, let held, let refused):
            failing.remove(entry)
            leave(refused, of: entry)
            lifetime = min(lifetime, max(held ?? .max, Self.shortestLifetime))
            guard state.resolved(entry, endpoints) else { return }
            worker.log.tell(
                .resolved(
                    state.name, entry, endpoints.map(\.address.description).sorted().joined(separator: " ")))
            changed()
        case .lacking(let error):
            // It was not asked: nothing is known of the name, and it is asked again soon.
            isShort = true
            let fault = Fault.connecting(error, in: .resolve)
            if let lacking = fault.shortage { worker.log.tell(.outOf(lacking, for: entry, fault)) }
        case .failed(let cause):
            worker.metrics.add(.resolveFailures, [state.name])
            // Said once, not every time.
            if failing.insert(entry).inserted { worker.log.tell(.resolveFailed(state.name, entry, cause)) }
        }
    }

    /// Said when it is another answer than the last, not every time.
    private func leave(_ addresses: [String], of entry: String) {
        defer { unusable[entry] = addresses.isEmpty ? nil : addresses }
        guard !addresses.isEmpty else { return }
        worker.metrics.add(.unusableAddresses, [state.name])
        guard unusable[entry] != addresses else { return }
        worker.log.tell(.addressesUnusable(state.name, entry, addresses.joined(separator: " ")))
    }

    private func schedule() {
        guard interval > 0 else { return }
        let delay = failing.isEmpty && !isShort ? min(interval, lifetime) : min(interval, Self.firstRetry)
        timer = worker.loop.schedule(self, kind: 0, after: worker.loop.random.jittered(delay, by: 0.1))
    }
}
