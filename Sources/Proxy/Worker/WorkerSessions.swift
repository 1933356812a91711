internal import Access
internal import EventLoop
internal import Telemetry

// What operators want of one worker's sessions.
extension Worker {
    func session(_ id: SessionID) -> LiveSession? {
        guard id.worker == index else { return nil }
        return sessions.first { $0.number == id.number }
    }

    /// Closes one; false where it isn't there.
    func end(_ id: SessionID, _ words: CloseWords) -> Bool {
        guard let session = session(id) else { return false }
        session.drainSoon(after: 0, because: .closed(words))
        return true
    }

    /// Closes those who are meant, and says how many they are.
    func close(_ order: CloseOrder) -> Int {
        let meant = sessions.filter { !$0.isEnding && order.filter.matches($0.traits) }
        for session in meant {
            let delay = order.delay(of: meant.count, at: loop.now, jitter: loop.random.next())
            session.drainSoon(after: delay, because: .closed(order.words))
        }
        return meant.count
    }

    /// Gives one a new token; `done` comes once.
    func renew(_ id: SessionID, token: [UInt8], _ done: @escaping (OnRenewal) -> Void) {
        guard let session = session(id), !session.isEnding else { return done(.unknown) }
        guard let lease = session.lease else { return done(.noToken) }
        lease.renew(with: token, done)
    }

    // MARK: Revocations

    /// Takes them over, and closes whoever may no longer be here. Says how many those are.
    func adopt(_ revocations: RevocationList) -> Int {
        self.revocations = revocations
        guard !revocations.isEmpty else { return 0 }
        return sessions.count { endIfRevoked($0) }
    }

    /// Whether it was, unless its end has begun.
    @discardableResult
    func endIfRevoked(_ session: LiveSession) -> Bool {
        guard let record = session.bearer, !revocations.isEmpty, !session.isEnding,
            revocations.covers(record.bearer, now: ProcessFacts.wallClock())
        else { return false }
        metrics.add(.accessEndings, ["revoked"])
        session.drainSoon(after: 0, because: .access(AccessEnd(cause: .revoked, code: record.code)))
        return true
    }
}
