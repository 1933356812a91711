internal import Configuration

extension Worker {
    /// Asks an upstream for the WebSocket of a plan, in the way of its mode. `done` may be called at once.
    func open(_ plan: UpgradePlan, done: @escaping (OnSubscribe) -> Void) -> (any PendingUpgrade)? {
        if let upstream = upstream(plan.upstream), upstream.settings.configuration.mode == .broadcast {
            return feeds.join(plan, upstream.settings.configuration.broadcast, done: done)
        }
        return openOne(plan) { done(.answered($0)) }
    }

    /// Asks for a WebSocket that is nobody else's: a session's, anew for one that has lost its backend, or the one behind
    /// a feed. None of `excluded` is asked.
    func openOne(
        _ plan: UpgradePlan, excluding excluded: [BackendState] = [],
        done: @escaping (UpgradeOutcome) -> Void
    ) -> (any PendingUpgrade)? {
        guard let upstream = upstream(plan.upstream) else {
            done(.failed(Fault(.noBackend), of: nil))
            return nil
        }
        return UpgradeAttempt(plan, upstream: upstream, excluding: excluded, worker: self, done: done)
    }
}
