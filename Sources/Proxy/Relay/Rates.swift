internal import Configuration
internal import Durations
internal import EventLoop
internal import WebSocketProtocol

// What a session's peers send against its rates, and what they don't take.
extension LiveSession {
    /// Something waits for a peer, and whoever makes more of it was stopped: it is to take some.
    func awaitTaking(by peer: WebSocketPeer) {
        guard route.timeouts.slowConsumer > .zero else { return }
        peer.mustTake()
        arm(.slowConsumer, after: StallWatch.firstLook(route.timeouts.slowConsumer.nanoseconds))
    }

    func checkSlowConsumers() {
        let limit = route.timeouts.slowConsumer.nanoseconds
        var next: UInt64?
        for peer in peers where peer.isConnected {
            if let cause = peer.stalls(limit, &next) { return gone(peer, cause) }
        }
        if let next { arm(.slowConsumer, after: next) }
    }

    /// What a peer has sent is over a rate: it is paid for by a pause, or ends the session. Call it where a message of a
    /// rated peer has ended, in the middle of a read too, and stop there when it says so.
    ///
    /// - Parameter passed: passes on what came before, which counts.
    /// - Returns: whether no more is to be looked at now.
    func isOverRate(_ peer: WebSocketPeer, passing passed: () -> Void = {}) -> Bool {
        guard peer.isHeard, !isEnding else { return false }
        let excess = peer.excess()
        let wait = peer.waitForMessages()
        guard excess != nil || wait > 0 else { return false }
        passed()
        if wait > 0 {
            if route.limits.closesOverRate {
                fail(peer, .tooManyMessages(perSecond: route.limits.messagesPerSecond))
                return true
            }
            throttle(peer, for: wait, limit: "messages_per_second")
        }
        guard let excess else { return true }
        if let code = excess.closeCode {
            close(
                ClosePayload(CloseCode(rawValue: code), "too much at once"), by: EndedBy(peer.side),
                cause: .overKeyedLimit(excess.limit))
        } else {
            throttle(peer, for: excess.wait, limit: excess.limit)
        }
        return true
    }

    /// A peer that sends too much is read again after so long.
    func throttle(_ peer: WebSocketPeer, for wait: UInt64, limit: String) {
        peer.wait(wait, limit: limit)
        armRate()
    }

    private func armRate() {
        let due = peers.compactMap(\.throttledUntil).min()
        let now = worker.loop.now
        if let due { arm(.rate, after: due > now ? due - now : 1) }
    }

    func ratePaid() {
        let now = worker.loop.now
        for peer in peers {
            if let until = peer.throttledUntil, until <= now { peer.release(.rate) }
        }
        armRate()
    }
}
