internal import EventLoop
internal import Logging
internal import WebSocketProtocol

// How a subscription ends. There is nobody behind it: each Close is answered here.
extension Subscriber {
    /// The client's Close.
    func closeReceived(_ payload: ClosePayload) {
        leg.closeReceived = payload
        // Nothing that follows a Close counts, Pings included (RFC 6455, 5.5.1).
        leg.isDeaf = true
        noteEnding(SessionEnding(by: .client, code: payload.code, reason: payload.reason, cause: .close))
        if leg.closing.receiveClose() == .reply { leg.sendClose(payload) }
        finishIfClosed()
        armCloseDeadline()
    }

    /// Says Close with a code of ours, or of the backend's.
    func close(_ payload: ClosePayload, by: EndedBy, cause: EndingCause) {
        guard ending == nil else { return }
        noteEnding(SessionEnding(by: by, code: payload.code, reason: payload.reason, cause: cause))
        leg.sendClose(payload)
        armCloseDeadline()
    }

    func drainSoon(after delay: UInt64, because cause: DrainCause) {
        guard ending == nil else { return }
        plannedDrain = cause
        arm(.drain, after: delay)
    }

    func keep() {
        plannedDrain = nil
        // The feed's own end is not taken back.
        if feed.lastWords == nil { disarm(.drain) }
    }

    /// The feed has ended: says its last words when this many nanoseconds have passed.
    func leave(after delay: UInt64) { arm(.drain, after: delay) }

    func drainNow() {
        if let last = feed.lastWords { return close(last.payload, by: last.by, cause: last.cause) }
        guard let cause = plannedDrain else { return }
        let hint = UInt64.random(in: 0...DrainCause.hintSpread, using: &worker.loop.random)
        let payload = ClosePayload(cause.code(worker.drainCode), cause.reason(hint: hint))
        close(payload, by: .proxy, cause: .drain(cause))
    }

    /// It is behind by more than its policy bears; found again with each message until it is closed.
    func lagsTooMuch() {
        guard ending == nil else { return }
        feed.tally.slowClosed &+= 1
        close(ClosePayload(.tryAgainLater, "too slow for this feed"), by: .proxy, cause: .lagging)
    }

    func fail(_ violation: ProtocolViolation) {
        noteEnding(SessionEnding(by: .client, code: violation.closeCode, cause: .violation(violation)))
        leg.isDeaf = true
        leg.sendClose(ClosePayload(violation.closeCode, violation.reason))
        // With half a frame sent, its rest and then our Close come first; the deadline bounds that.
        if !leg.isMidFrame { leg.transport.finish() }
        armCloseDeadline()
    }

    /// The client has ended its side, in order or not.
    func ended(_ leg: Leg, _ error: TransportError?) {
        if error == nil, leg.closeReceived != nil {
            // Its Close was its last word, as browsers do on HTTP/2 streams. It still gets what is under way, and ours.
            leg.peerHasFinished = true
            return endIfParted()
        }
        let cause = error?.endingCause(of: .client) ?? .connectionLost(error?.description ?? "")
        noteEnding(SessionEnding(by: cause.by(.client), code: nil, cause: cause))
        endNow()
    }

    /// The client gives no sign of life.
    func giveUp(_ cause: EndingCause) {
        noteEnding(SessionEnding(by: .proxy, code: nil, cause: cause))
        endNow()
    }

    /// With both Close frames passed, the connection ends: the server closes first (RFC 6455, 7.1.1).
    func finishIfClosed() {
        guard leg.closing.isFinished, !leg.isMidFrame, !leg.hasEnded else { return }
        leg.transport.finish()
        // Never in the middle of a round over the subscribers, nor inside the transport's own call.
        if leg.peerHasFinished { worker.loop.nextTurn { [weak self] in self?.endIfParted() } }
    }

    /// Ends the connection when the client has said its last word and our Close has gone; the close deadline bounds the
    /// wait for that.
    func endIfParted() {
        guard leg.peerHasFinished, leg.closing.isFinished, leg.transport.bufferedBytes == 0 else { return }
        endNow()
    }

    private func armCloseDeadline() {
        guard !isClosing else { return }
        isClosing = true
        assembly = nil
        disarm(.housekeeping)
        disarm(.slowConsumer)
        disarm(.drain)
        // A paused client must be read again, or its answer is never seen.
        leg.flowAgain()
        let clock = ClosingClock(limit: route.timeouts.close, at: worker.loop.now)
        closingClock = clock
        arm(.closeDeadline, after: clock.firstLook)
    }

    /// Half of the time, or all of it, has passed.
    func closeDeadlinePassed() {
        let getsOn = leg.closesOn()
        guard let wait = closingClock?.check(at: worker.loop.now, hasMoved: getsOn) else { return endNow() }
        arm(.closeDeadline, after: wait)
    }

    private func noteEnding(_ new: SessionEnding) {
        if ending == nil { ending = new }
    }

    /// The connection is closed and everything forgotten.
    func endNow() {
        guard position >= 0 else { return }
        for timer in [Timer.housekeeping, .closeDeadline, .slowConsumer, .drain, .rate] { disarm(timer) }
        leg.isDeaf = true
        leg.hasEnded = true
        leg.transport.close()
        leg.pending = nil
        leg.owner = nil
        leaveMetrics()
        feed.remove(self)
        worker.sessionEnded(self)
        onEnd?()
        onEnd = nil
    }

    func logFields(at now: UInt64) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "client": "\(facts.client)", "host": "\(facts.host)", "path": "\(facts.path)",
            "route": "\(route.name)", "mode": "broadcast", "backend": "\(facts.backend)",
            "request_id": "\(facts.requestID)",
            "duration_ms": .stringConvertible((now - min(facts.began, now)) / 1_000_000),
            "bytes_from_client": .stringConvertible(leg.tally.bytesReceived),
            "bytes_to_client": .stringConvertible(leg.tally.bytesSent),
            "messages_from_client": .stringConvertible(leg.tally.messagesReceived),
            "messages_to_client": .stringConvertible(delivered),
            "messages_dropped": .stringConvertible(queue.dropped),
            "closed_by": "\(ending?.by.rawValue ?? "proxy")", "cause": "\(ending?.cause.description ?? "")",
        ]
        fields["close_code"] = .stringConvertible(ending?.loggedCode ?? 1006)
        if case .violation(let violation) = ending?.cause, let limit = violation.limit {
            fields["limit"] = "\(limit)"
        }
        ending?.writeReason(to: &fields)
        facts.words.write(to: &fields)
        if !facts.subprotocol.isEmpty { fields["subprotocol"] = "\(facts.subprotocol)" }
        if !facts.extensions.isEmpty { fields["extensions"] = "\(facts.extensions)" }
        return fields
    }
}

extension SessionEnding {
    /// 1005 is what APIs call a Close without a code, 1006 an end without a Close; neither is ever on the wire.
    var loggedCode: UInt16 { code?.rawValue ?? (cause == .close ? 1005 : 1006) }
}
