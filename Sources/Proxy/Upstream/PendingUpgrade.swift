internal import Configuration

/// An upgrade that an upstream has been asked for and that is not decided yet.
protocol PendingUpgrade: AnyObject {
    /// The client has gone: nobody waits for an answer.
    func cancel()
    /// What is waited for, in the log's words.
    var phase: Fault.Phase { get }
}

extension Worker {
    /// Asks an upstream for the WebSocket of a plan, in the way of its mode. `done` may be called at once.
    func open(_ plan: UpgradePlan, done: @escaping (UpgradeOutcome) -> Void) -> (any PendingUpgrade)? {
        if let upstream = upstream(plan.upstream), upstream.settings.configuration.mode == .broadcast {
            return feeds.join(plan, upstream.settings.configuration.broadcast, done: done)
        }
        return openOne(plan, done: done)
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
