internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import WebSocketProtocol

// How a session gets another backend.
extension Continuity {
    /// Asks for one, with the client's original request.
    func ask() {
        guard attempt == nil, next == nil, machine.asking() else { return }
        let plan = kept.plan(
            requestID: requestID, terms,
            reopening:
                "reason=\(machine.moveReason.rawValue); attempt=\(machine.attempts); messages=\(machine.count.sent)",
            memoryPressure: worker.contextMemory.pressure)
        // One that goes, or is to be left, is no other one; but it may be all there is, and back.
        let excluded = machine.isCarried || machine.attempts == 1 ? [backend.state] : []
        var isDecided = false
        let attempt = worker.openOne(plan, excluding: excluded, patience: terms.answerPatience) {
            [weak self] outcome in
            isDecided = true
            guard let self else { return Self.release(outcome) }
            self.attempt = nil
            answered(outcome, plan)
        }
        if !isDecided { self.attempt = attempt }
    }

    private static func release(_ outcome: UpgradeOutcome) {
        switch outcome {
        case .accepted(let transport, _, _, _): transport.close()
        case .refused(let request, _, _): request.cancel()
        case .failed: break
        }
    }

    private func answered(_ outcome: UpgradeOutcome, _ plan: UpgradePlan) {
        switch outcome {
        case .accepted(let transport, let backend, let accepted, let early):
            guard accepts(accepted) else {
                transport.close()
                return failed("backend chose another subprotocol")
            }
            // It counts with the backend from here on.
            backend.state.sessionBegan()
            next = NextBackend(
                transport: transport, backend: backend,
                assembly: SessionAssembly(plan: plan, accepted: accepted, worker: worker), early: early)
            carryOut(machine.accepted(at: worker.loop.now))
        case .refused(let request, let backend, let head):
            request.cancel()
            failed("\(backend.name) refused with \(head.status)", isGone: head.status == 410)
        case .failed(let fault, _): failed(fault.logText)
        }
    }

    private func failed(_ cause: String, isGone: Bool = false) {
        worker.log.tell(.notMoved(subject, cause))
        let jitter = Double.random(in: 0..<1, using: &worker.loop.random)
        carryOut(machine.failed(isGone: isGone, at: worker.loop.now, jitter: jitter))
    }

    /// Nobody else is wanted.
    func forgetNext() {
        disarm(.ask)
        attempt?.cancel()
        attempt = nil
        guard let next = next.take() else { return }
        next.backend.state.sessionEnded()
        let peer = next.assembly.backendSide(next.transport)
        Farewell.say(ClosePayload(.goingAway, "not needed any more"), to: peer, on: worker.loop)
    }

    // MARK: Taking over

    /// The backend that waits carries the session from here on.
    func takeOver(_ takeover: Takeover) {
        guard let next = next.take(), let session else { return }
        let peer = next.assembly.backendSide(next.transport)
        backend = next.backend
        session.isCarried(by: next.backend.state)
        session.takeBackend(peer, named: next.backend.name)
        hasMoved()
        lastMessage = worker.loop.now
        send(takeover, to: peer, of: session)
        // What was full was the one before.
        if session.client.isPaused { session.releaseClient() }
        learn(next.backend, next.assembly.plan)
        worker.metrics.add(.continuityMoves, [kept.upstream, takeover.reason.rawValue])
        worker.metrics.observe(.continuityPause, takeover.missed, [takeover.reason.rawValue])
        worker.log.tell(.moved(subject, missed: takeover.missed, attempts: machine.attempts))
        planPing()
        // Nobody is called from inside his own call.
        worker.loop.nextTurn { [weak session] in
            guard let session, session.backend === peer else { return }
            peer.receivedEarly(next.early)
            peer.goOn()
            if !session.worker.isDraining { session.worker.sessionBegan(session) }
        }
    }

    private func send(_ takeover: Takeover, to peer: WebSocketPeer, of session: Session) {
        var output = worker.scratch.take()
        firsts?.store.forEach(through: takeover.replays) { opcode, payload in
            session.frame(payload, opcode, to: peer, into: &output)
        }
        store.forEach(from: takeover.from) { opcode, payload in
            session.frame(payload, opcode, to: peer, into: &output)
        }
        peer.pass(output.span)
        worker.scratch.release(output)
    }

    /// Whoever comes with the session's key comes to where it is, where a backend made the key up. Any other key leads there
    /// by itself, until the backend that it belongs to is back.
    private func learn(_ backend: Backend, _ plan: UpgradePlan) {
        guard let settings = worker.upstream(plan.upstream)?.settings, settings.learnsKeys,
            let value = BackendRequest(plan).value(of: settings.hashKey),
            settings.state.giver(of: value) != nil
        else { return }
        settings.state.learn(value, from: backend.name)
    }
}
