internal import EventLoop
internal import WebSocketProtocol

// How a session ends. A Close is carried across with its code and reason; the one who sent it gets its answer when the
// other side has answered, or when the deadline has passed. After both have closed, the TCP connections end as RFC
// 6455, 7.1.1 wants it: we close the client's, the backend closes its own.
extension Session {
    /// A Close frame came from the peer of `leg`.
    func closeReceived(_ payload: ClosePayload, from leg: Leg) {
        leg.closeReceived = payload
        // Nothing that follows a Close counts, Pings included (RFC 6455, 5.5.1).
        leg.isDeaf = true
        noteEnding(
            SessionEnding(
                by: leg.peer == .client ? .client : .backend, code: payload.code,
                reason: payload.reason, cause: .close))
        let other = other(leg)
        switch leg.closing.receiveClose() {
        case .reply:
            guard !other.hasEnded, other.closing.maySendData else {
                // The other side is gone or closing already: nobody is left to ask.
                leg.sendClose(payload)
                return legFinished(leg)
            }
            other.sendClose(payload)
            armCloseDeadline()
        case .finished:
            if leg === backend, let violation = pendingViolation.take() {
                // All that the backend had to say has been passed on.
                return tell(client, violation)
            }
            // It answered our Close. If that was carried across for the other side, the answer goes back to it.
            if other.closeReceived != nil {
                other.sendClose(payload)
                legFinished(other)
            }
            legFinished(leg)
        case .ignore:
            break
        }
    }

    /// A transport ended or broke, or its peer was given up.
    func transportEnded(of leg: Leg, error: TransportError?, cause: EndingCause? = nil) {
        guard !leg.hasEnded else { return }
        if error == nil, cause == nil, leg.closeReceived != nil, !leg.closing.isFinished {
            // Its Close was its last word, as browsers do on HTTP/2 streams. It still gets ours.
            leg.peerHasFinished = true
            return
        }
        let wasClosed = leg.closing.isFinished
        leg.hasEnded = true
        leg.isDeaf = true
        leg.transport.close()
        if leg.peer == .backend { backendEnded() }
        let other = other(leg)
        if leg === backend, !other.hasEnded, let violation = pendingViolation.take() {
            return tell(client, violation)
        }
        guard !other.hasEnded else { return endNow() }
        if wasClosed || other.closing.isFinished { return armCloseDeadline() }
        let cause = cause ?? .connectionLost(error?.description ?? "")
        noteEnding(
            SessionEnding(
                by: cause.by(leg.peer == .client ? .client : .backend), code: nil,
                cause: cause))
        if let received = other.closeReceived {
            // It waits for an answer that will not come from the other side.
            other.sendClose(received)
            legFinished(other)
        } else if leg.peer == .backend {
            closeAfterLoss(other, ClosePayload(.internalError, "backend connection lost"))
        } else {
            // The backend sees what it would see without us: a connection that ends with no Close (1006 in its API).
            other.isDeaf = true
            other.transport.close()
            other.hasEnded = true
            endNow()
        }
    }

    private func closeAfterLoss(_ leg: Leg, _ payload: ClosePayload) {
        guard !leg.isMidFrame else {
            // Half a frame has been passed on; no Close can be put into it.
            leg.transport.close()
            leg.hasEnded = true
            return endNow()
        }
        leg.sendClose(payload)
        armCloseDeadline()
    }

    /// The peer of `leg` broke the protocol or a limit: it is told why, and the other side that it is over.
    func fail(_ leg: Leg, _ violation: ProtocolViolation) {
        let peer: EndedBy = leg.peer == .client ? .client : .backend
        // The one that is no peer's fault.
        let isOurs = violation == .outOfMemory
        let by = isOurs ? .proxy : peer
        let words = violation.words(of: peer.rawValue)
        noteEnding(
            SessionEnding(by: by, code: violation.closeCode, cause: .violation(violation)))
        leg.isDeaf = true
        if leg === client, awaitAnswers(before: violation) { return }
        tell(leg, violation)
        let other = other(leg)
        if leg.peer == .backend {
            closeAfterLoss(other, ClosePayload(violation.codeBehindProxy, words))
        } else if !other.hasEnded {
            if other.isMidFrame {
                other.transport.close()
                other.hasEnded = true
            } else {
                other.sendClose(ClosePayload(.goingAway, words))
            }
        }
        armCloseDeadline()
    }

    /// What the client sent before its mistake counts, and so do the answers to it: the backend is asked to close, and
    /// what it still has to say is passed on before the client is told. False when there is nobody to wait for.
    private func awaitAnswers(before violation: ProtocolViolation) -> Bool {
        guard !isClosing, !backend.hasEnded, !backend.isMidFrame, backend.closing.maySendData else {
            return false
        }
        pendingViolation = violation
        backend.sendClose(ClosePayload(.goingAway, violation.words(of: "client")))
        isClosing = true
        for leg in [client, backend] where !leg.hasEnded { leg.flowAgain() }
        closingClock = nil
        arm(.closeDeadline, after: min(max(route.timeouts.close, 1), Self.answerTime))
        return true
    }

    private func tell(_ leg: Leg, _ violation: ProtocolViolation) {
        leg.sendClose(ClosePayload(violation.closeCode, violation.reason))
        // With half a frame passed on, its rest and then our Close come first; the deadline bounds that.
        if !leg.isMidFrame { leg.transport.finish() }
        startClosingClock()
    }

    private func startClosingClock() {
        let clock = ClosingClock(limit: route.timeouts.close, at: worker.loop.now)
        closingClock = clock
        arm(.closeDeadline, after: clock.firstLook)
    }

    /// The deadline of closing has passed, or half of it. As long as an end gets on it is waited for.
    func closeDeadlinePassed() {
        var getsOn = false
        for leg in [client, backend] where !leg.hasEnded && leg.closesOn() { getsOn = true }
        if let wait = closingClock?.check(at: worker.loop.now, hasMoved: getsOn) {
            return arm(.closeDeadline, after: wait)
        }
        guard let violation = pendingViolation.take(), !client.hasEnded else { return endNow() }
        if !backend.hasEnded {
            backend.transport.close()
            backend.hasEnded = true
            backendEnded()
        }
        tell(client, violation)
    }

    /// Closes both sides with a code of ours.
    func closeBoth(_ code: CloseCode, _ reason: String, by: EndedBy, cause: EndingCause) {
        noteEnding(SessionEnding(by: by, code: code, reason: reason, cause: cause))
        for leg in [client, backend] where !leg.hasEnded { leg.sendClose(ClosePayload(code, reason)) }
        armCloseDeadline()
    }

    /// The time to drain has come.
    func drain() {
        guard ending == nil, let cause = plannedDrain else { return }
        let hint = UInt64.random(in: 0...DrainCause.hintSpread, using: &worker.loop.random)
        closeBoth(cause.code(worker.drainCode), cause.reason(hint: hint), by: .proxy, cause: .drain(cause))
    }

    func drainSoon(after delay: UInt64, because cause: DrainCause) {
        guard ending == nil else { return }
        plannedDrain = cause
        arm(.drain, after: delay)
    }

    func keep() {
        plannedDrain = nil
        disarm(.drain)
    }

    /// Both Close frames of this leg have passed: its TCP connection may end.
    private func legFinished(_ leg: Leg) {
        leg.isDeaf = true
        guard !leg.hasEnded else { return }
        // The server closes first. A backend that doesn't is helped by the deadline.
        if leg.peer == .client { leg.transport.finish() }
        if leg.peerHasFinished {
            worker.loop.nextTurn { [weak self] in
                if leg.transport.bufferedBytes == 0 { self?.transportEnded(of: leg, error: nil) }
            }
        }
        leg.flowAgain()
        armCloseDeadline()
    }

    private func armCloseDeadline() {
        guard !isClosing else { return }
        isClosing = true
        disarm(.housekeeping)
        disarm(.slowConsumer)
        // A paused side must be read again, or its answer is never seen.
        for leg in [client, backend] where !leg.hasEnded { leg.flowAgain() }
        startClosingClock()
    }

    private func noteEnding(_ new: SessionEnding) {
        if ending == nil { ending = new }
    }
}
