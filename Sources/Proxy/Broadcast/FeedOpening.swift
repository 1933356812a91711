internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTPProtocol
internal import Routing
internal import WebSocketProtocol

// How a feed gets its upstream connection, and gets it back.
extension Feed {
    /// Asks for the connection: with the request of the first who waits, or again with the one that was accepted.
    func ask() {
        guard !isOver, attempt == nil, peer == nil else { return }
        if let first = waiters.next, accepted == nil {
            asking = first
            plan = first.plan.shared(keyFields: options.keyHeaders)
        }
        var isDecided = false
        let attempt = worker.openOne(plan) { [weak self] outcome in
            isDecided = true
            self?.attempt = nil
            self?.answered(outcome)
        }
        if !isDecided { self.attempt = attempt }
    }

    private func answered(_ outcome: UpgradeOutcome) {
        switch outcome {
        case .accepted(let transport, let backend, let accepted, let early):
            if let agreed = self.accepted, agreed.subprotocol != accepted.subprotocol {
                transport.close()
                return notReopened("backend chose another subprotocol")
            }
            opened(transport, backend, accepted, early)
        case .refused(let request, _, let head):
            guard accepted == nil else {
                request.cancel()
                return notReopened("backend refused with \(head.status)")
            }
            refused(outcome, request)
        case .failed(let fault, _):
            guard accepted == nil else { return notReopened(fault.clientText) }
            // Not about one client's request: all who wait would hear the same.
            let waiting = waiters.takeAll { _ in true }
            end(.goingAway)
            for (_, waiter) in waiting { waiter.answer(.answered(outcome)) }
        }
    }

    /// A refusal is for the client whose request it was; the next one asks for itself.
    private func refused(_ outcome: UpgradeOutcome, _ request: any UpstreamRequest) {
        guard let asked = asking else {
            request.cancel()
            return ask()
        }
        asking = nil
        _ = waiters.remove(asked.number)
        asked.answer(.answered(outcome))
        if waiters.isEmpty { end(.goingAway) } else { ask() }
    }

    private func opened(
        _ transport: any ByteTransport, _ backend: Backend, _ accepted: AcceptedUpgrade, _ early: [UInt8]
    ) {
        let missed = machine.opened(at: worker.loop.now)
        disarm(.patience)
        let isFirst = self.accepted == nil
        // A cookie is for one client, and this answer goes to many.
        if isFirst { self.accepted = accepted.without("set-cookie") }
        asking = nil
        take(transport, of: backend)
        if isFirst { worker.log.tell(.feedOpened(subject)) } else { noteReopened(missed) }
        let waiting = waiters.takeAll { _ in true }
        for (_, waiter) in waiting {
            if let accepted = self.accepted { waiter.answer(.joined(self, accepted)) }
        }
        peer?.receivedEarly(early)
        peer?.goOn()
        lingerIfEmpty()
    }

    private func noteReopened(_ missed: UInt64) {
        tally.reopened(after: missed)
        worker.log.tell(.feedReopened(subject, missed: missed))
    }

    private func take(_ transport: any ByteTransport, of backend: Backend) {
        // Messages over the limit are left out, not a reason to lose the feed: the reader only bounds their number.
        let peer = WebSocketPeer(
            .backend, transport,
            frames: FrameLimits(frame: .max, message: .max, fragments: route.limits.backend.frames.fragments),
            .none, route: route, worker: worker)
        let meter = worker.metrics.meter(route: route.name, backend: backend.name)
        meter.hold()
        self.meter = meter
        for subscriber in subscribers { subscriber.moveMetrics(to: backend.name) }
        peer.start(for: self)
        self.peer = peer
        self.backend = backend
        backend.state.sessionBegan()
        scheduleHousekeeping()
    }

    // MARK: Losing it

    /// The connection is gone without the feed's being over.
    ///
    /// - Parameter payload: what the backend is told, if it is there.
    func lost(_ cause: String, saying payload: ClosePayload? = nil) {
        guard !isOver else { return }
        tally.lostConnection()
        worker.log.tell(.feedLost(subject, cause: cause))
        if let peer { release(peer, with: payload) }
        guard !subscribers.isEmpty else { return end(.goingAway) }
        let jitter = Double.random(in: 0..<1, using: &worker.loop.random)
        let decision = machine.lost(at: worker.loop.now, jitter: jitter)
        armPatience()
        decide(decision)
    }

    /// Bounds the time for which clients are kept without a connection.
    func armPatience() {
        if let left = machine.patienceLeft(at: worker.loop.now) {
            arm(.patience, after: max(left, 1))
        } else {
            disarm(.patience)
        }
    }

    private func notReopened(_ reason: String) {
        guard !subscribers.isEmpty else { return end(.goingAway) }
        worker.log.tell(.feedNotReopened(subject, cause: reason))
        decide(
            machine.failed(at: worker.loop.now, jitter: Double.random(in: 0..<1, using: &worker.loop.random)))
    }

    private func decide(_ decision: OnFeedLoss) {
        switch decision {
        case .reopen(let delay): arm(.reopen, after: delay)
        case .giveUp: giveUp()
        }
    }

    /// Clients have been without long enough, or are not to be.
    func giveUp() {
        tally.givenUp(after: machine.missing(at: worker.loop.now))
        end(telling: ClosePayload(.serviceRestart, "feed lost"), by: .proxy, cause: .feedLost)
    }

    /// Leaves its backend, which goes away or is drained, for another one; clients notice nothing.
    func move() {
        guard !isOver, let peer else { return }
        tally.lostConnection()
        worker.log.tell(.feedLost(subject, cause: "backend is drained"))
        finishRound()
        release(peer, with: ClosePayload(.goingAway, "going away"))
        guard !subscribers.isEmpty else { return end(.goingAway) }
        machine.left(at: worker.loop.now)
        armPatience()
        ask()
    }

    /// Parts with the connection: at once, or after a Close.
    func release(_ peer: WebSocketPeer, with payload: ClosePayload?) {
        guard self.peer === peer else { return }
        putInMetrics()
        meter?.release()
        meter = nil
        self.peer = nil
        assembly = nil
        fallSilent()
        disarm(.housekeeping)
        let state = backend?.state
        backend = nil
        hub.takeLeave(of: peer, from: self, payload, deadline: max(route.timeouts.close.nanoseconds, 1)) {
            state?.sessionEnded()
        }
    }

    // MARK: Keeping it

    func keepHouse() {
        guard let peer else { return }
        if let cause = peer.keepAlive(at: worker.loop.now) { return lost(cause.description) }
        scheduleHousekeeping()
    }

    private func scheduleHousekeeping() {
        guard let peer, let due = peer.nextCheck else { return }
        let now = worker.loop.now
        arm(.housekeeping, after: due > now ? due - now : 1)
    }
}
