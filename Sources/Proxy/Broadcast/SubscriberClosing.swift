internal import EventLoop
internal import Logging
internal import WebSocketProtocol

// How a subscription ends. There is nobody behind it: its machine has no backend side, and answers each Close.
extension Subscriber {
    /// Does what the machine has decided.
    func carryOut(_ orders: SessionOrders) {
        leg.gate = machine.gate(.client)
        if orders.beginsEnd {
            assembly = nil
            for timer in [Timer.housekeeping, .slowConsumer, .drain] { disarm(timer) }
        }
        carryOut(orders.client)
        // A paused client must be read again, or its answer is never seen.
        if orders.beginsEnd, leg.isConnected { leg.flowAgain() }
        if let deadline = orders.deadline { arm(.closeDeadline, after: deadline) }
        if orders.isOver { forget() }
    }

    private func carryOut(_ order: SideOrder) {
        leg.carryOut(order)
        if order.settles { settle() }
    }

    /// Never in the middle of a round over the subscribers, nor inside the transport's own call.
    private func settle() {
        worker.loop.nextTurn { [weak self] in
            guard let self, leg.transport.bufferedBytes == 0 else { return }
            carryOut(machine.settled(.client, at: worker.loop.now))
        }
    }

    func frameBegins() {
        machine.frameBegins(towards: .client)
        leg.gate = machine.gate(.client)
    }

    func frameEnds() {
        let order = machine.frameEnds(towards: .client)
        leg.gate = machine.gate(.client)
        leg.frameEnded(order)
        if order.settles { settle() }
    }

    func closeReceived(_ payload: ClosePayload) {
        carryOut(machine.received(payload, from: .client, at: worker.loop.now))
    }

    /// Says Close with a code of ours, or of the backend's.
    func close(_ payload: ClosePayload, by: EndedBy, cause: EndingCause) {
        carryOut(machine.close(payload, by: by, cause: cause, at: worker.loop.now))
    }

    func drainSoon(after delay: UInt64, because cause: DrainCause) {
        if machine.plans(cause) { arm(.drain, after: delay) }
    }

    func keep() {
        machine.stays()
        // The feed's own end is not taken back.
        if feed.lastWords == nil { disarm(.drain) }
    }

    /// The feed has ended: says its last words when this many nanoseconds have passed.
    func leave(after delay: UInt64) {
        if !machine.isEnding { arm(.drain, after: delay) }
    }

    func drainNow() {
        if let last = feed.lastWords { return close(last.payload, by: last.by, cause: last.cause) }
        let hint = UInt64.random(in: 0...DrainCause.hintSpread, using: &worker.loop.random)
        carryOut(machine.drainDue(code: worker.drainCode, hint: hint, at: worker.loop.now))
    }

    /// It is behind by more than its policy bears; found again with each message until it is closed.
    func lagsTooMuch() {
        guard !machine.isEnding else { return }
        feed.tally.slowClosed &+= 1
        close(ClosePayload(.tryAgainLater, "too slow for this feed"), by: .proxy, cause: .lagging)
    }

    func fail(_ violation: ProtocolViolation) {
        carryOut(machine.violated(violation, by: .client, at: worker.loop.now))
    }

    /// The client has ended its side, in order or not.
    func ended(_ leg: Leg, _ error: TransportError?) {
        gone(error.map { $0.endingCause(of: .client) ?? .connectionLost($0.description) })
    }

    /// The client gives no sign of life, or takes too much.
    func giveUp(_ cause: EndingCause) { gone(cause) }

    private func gone(_ cause: EndingCause?) {
        let isSettled = leg.transport.bufferedBytes == 0
        carryOut(machine.ended(.client, cause, isSettled: isSettled, at: worker.loop.now))
    }

    /// Half of the time, or all of it, has passed.
    func closeDeadlinePassed() {
        carryOut(machine.deadlinePassed(at: worker.loop.now, getsOn: leg.closesOn()))
    }

    var ending: SessionEnding? { machine.ending }
    var plannedDrain: DrainCause? { machine.plannedDrain }

    /// The connection is closed and everything forgotten.
    private func forget() {
        guard position >= 0 else { return }
        for timer in [Timer.housekeeping, .closeDeadline, .slowConsumer, .drain, .rate] { disarm(timer) }
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
