internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

/// The peers of a session, one or two, and how it ends: carries out what `SessionMachine` decides.
///
/// A session has a side for each. Sides come and go: one without a connection is absent.
class PeeredSession: PeerOwner, TimerOwner {
    enum Timer: UInt8 { case housekeeping, closeDeadline, slowConsumer, drain, rate }

    final let worker: SessionContext
    final var loop: EventLoop { worker.loop }
    /// Stands for nobody while it is away.
    final private(set) var client: WebSocketPeer
    /// nil where there is none of its own, or none now.
    final private(set) var backend: WebSocketPeer?
    final var timers = TimerSlots()
    private var machine: SessionMachine
    /// Where the worker keeps it, -1 when it doesn't.
    final var position = -1

    /// - Parameter limit: how long nothing may move while it closes, in nanoseconds.
    init(
        client: WebSocketPeer, backend: WebSocketPeer?, closingWithin limit: UInt64, worker: SessionContext
    ) {
        self.client = client
        self.backend = backend
        self.worker = worker
        machine = SessionMachine(
            client: .open(isMidFrame: false),
            backend: backend == nil ? .absent(since: worker.loop.now) : .open(isMidFrame: false),
            closingWithin: limit)
    }

    final var peers: [WebSocketPeer] { backend.map { [client, $0] } ?? [client] }
    /// The same without a list of them.
    final func eachPeer(_ body: (WebSocketPeer) -> Void) {
        body(client)
        if let backend { body(backend) }
    }

    // MARK: For those who inherit

    func received(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer) {}
    func flushed(_ peer: WebSocketPeer) { settled(peer) }
    func pinged(by peer: WebSocketPeer) {}
    func ponged(_ payload: [UInt8], by peer: WebSocketPeer) {}
    func endsUnread(_ peer: WebSocketPeer) {}
    func timerFired(_ timer: Timer) {}
    /// Its end was decided on elsewhere, and is not taken back.
    var mustLeave: Bool { false }
    /// A peer is gone; true where the session goes on without it.
    func outlives(_ peer: WebSocketPeer, _ cause: EndingCause?) -> Bool { false }
    /// A Close came; true where it does not end the session now.
    func outlives(_ close: ClosePayload, from peer: WebSocketPeer) -> Bool { false }
    /// It is not to be closed before its time any more.
    func kept() {}
    /// A peer is about to go: the metrics are brought up to date with what it has carried (`SessionMeter.take`).
    func putInMetrics() {}
    /// Its end has begun.
    func endBegan() {}
    /// The backend's connection, where there was one, is closed.
    func backendEnded() {}
    /// All of its connections are closed: the worker keeps it no longer.
    func allClosed() {}
    /// The time to be closed has come.
    func drainDue() {
        let hint = UInt64.random(in: 0...DrainCause.hintSpread, using: &worker.loop.random)
        carryOut(machine.drainDue(code: worker.drainCode, hint: hint, at: worker.loop.now))
    }

    // MARK: Ending

    /// Who ended it first and how; nil while it goes on.
    final var ending: SessionEnding? { machine.ending }
    final var isEnding: Bool { machine.isEnding }
    /// Why it is to be closed before its time, where that is so.
    final var plannedDrain: DrainCause? { machine.plannedDrain }

    /// Ends it when this many nanoseconds have passed, with the code and reason of the cause. A later call replaces an
    /// earlier one.
    final func drainSoon(after delay: UInt64, because cause: DrainCause) {
        if machine.plans(cause) { arm(.drain, after: delay) }
    }

    /// It may stay after all.
    final func keep() {
        guard machine.stays() else { return }
        if !mustLeave { disarm(.drain) }
        kept()
    }

    final func frameBegins(towards peer: WebSocketPeer) {
        machine.frameBegins(towards: peer.side)
        peer.frameBegan()
    }

    final func frameEnds(towards peer: WebSocketPeer) {
        let order = machine.frameEnds(towards: peer.side)
        peer.frameEnded(order, machine.gate(peer.side))
        if order.settles { settle(peer) }
    }

    /// A Close came.
    final func closeReceived(_ payload: ClosePayload, from peer: WebSocketPeer) {
        if outlives(payload, from: peer) { return }
        closes(payload, from: peer)
    }

    /// A Close counts now.
    final func closes(_ payload: ClosePayload, from peer: WebSocketPeer) {
        carryOut(machine.received(payload, from: peer.side, at: worker.loop.now))
    }

    final func ended(_ peer: WebSocketPeer, _ error: TransportError?) {
        gone(peer, error.map { $0.endingCause(of: peer.side) ?? .connectionLost($0.description) })
    }

    /// A peer has ended its side, or is given up.
    ///
    /// - Parameter cause: nil when it ended in order.
    final func gone(_ peer: WebSocketPeer, _ cause: EndingCause?) {
        if outlives(peer, cause) { return }
        let isSettled = peer.transport.bufferedBytes == 0
        carryOut(machine.ended(peer.side, cause, isSettled: isSettled, at: worker.loop.now))
    }

    /// A peer broke the protocol or a limit.
    final func fail(_ peer: WebSocketPeer, _ violation: ProtocolViolation) {
        carryOut(machine.violated(violation, by: peer.side, at: worker.loop.now))
    }

    /// Says Close on all sides, with a code of ours or of somebody else's.
    final func close(_ payload: ClosePayload, by: EndedBy, cause: EndingCause) {
        carryOut(machine.close(payload, by: by, cause: cause, at: worker.loop.now))
    }

    /// No message has passed for too long.
    final func closeIdle() { carryOut(machine.idle(at: worker.loop.now)) }

    /// Ends it at once: nobody is told.
    final func abort(by: EndedBy, cause: EndingCause) { carryOut(machine.abort(by: by, cause: cause)) }

    // MARK: Sides that come and go

    /// The client has no connection any longer.
    ///
    /// - Parameter absent: stands for it meanwhile.
    /// - Returns: the one that there was, which nobody owns now; nil where the session is ending, and it with it.
    final func releaseClient(leaving absent: WebSocketPeer) -> WebSocketPeer? {
        guard machine.leaves(.client, at: worker.loop.now) else { return nil }
        putInMetrics()
        let peer = client
        if let compression = peer.compression { worker.contextMemory.forget(compression) }
        peer.owner = nil
        absent.carryOut(.none, machine.gate(.client))
        client = absent
        for timer in [Timer.slowConsumer, .rate] { disarm(timer) }
        return peer
    }

    /// The backend is told that it is left; it is heard until its own Close.
    final func leaveBackend(saying payload: ClosePayload) {
        guard let backend, let order = machine.parts(saying: payload) else { return }
        carryOut(order, on: backend)
        backend.flowAgain()
    }

    /// Its Close is answered, and the session goes on.
    final func answerBackend(_ payload: ClosePayload) {
        guard let backend, let order = machine.partsAnswering(payload) else { return }
        carryOut(order, on: backend)
        backend.flowAgain()
    }

    /// There is no backend any longer.
    ///
    /// - Returns: the one that there was, which nobody owns now.
    final func releaseBackend() -> WebSocketPeer? {
        guard let peer = backend, machine.leaves(.backend, at: worker.loop.now) else { return nil }
        putInMetrics()
        if let compression = peer.compression { worker.contextMemory.forget(compression) }
        peer.owner = nil
        backend = nil
        backendEnded()
        return peer
    }

    /// A side that was absent has this peer from here on. False where the session is ending, and the peer with it.
    final func joins(_ peer: WebSocketPeer) -> Bool {
        guard machine.joins(peer.side) else {
            peer.transport.close()
            return false
        }
        if peer.side == .client {
            client = peer
        } else {
            backend = peer
            machine.stays()
        }
        peer.start(for: self)
        return true
    }

    // MARK: Carrying out

    /// What was said to the peers takes too long, or half of that time has passed.
    final func closeDeadlinePassed() {
        var getsOn = false
        for peer in peers where peer.isConnected && peer.closesOn() { getsOn = true }
        carryOut(machine.deadlinePassed(at: worker.loop.now, getsOn: getsOn))
    }

    /// Does what the machine has decided.
    private func carryOut(_ orders: SessionOrders) {
        if orders.beginsEnd {
            for timer in [Timer.housekeeping, .slowConsumer, .drain] { disarm(timer) }
            endBegan()
        }
        carryOut(orders.client, on: client)
        if let backend {
            carryOut(orders.backend, on: backend)
            if !backend.isConnected { backendEnded() }
        }
        // A paused side must be read again, or its answer is never seen.
        if orders.beginsEnd { eachPeer { if $0.isConnected { $0.flowAgain() } } }
        if let deadline = orders.deadline { arm(.closeDeadline, after: deadline) }
        if orders.isOver { forget() }
    }

    private func carryOut(_ order: SideOrder, on peer: WebSocketPeer) {
        peer.carryOut(order, machine.gate(peer.side))
        if order.settles { settle(peer) }
    }

    /// Nobody is called from inside his own call.
    private func settle(_ peer: WebSocketPeer) {
        worker.loop.nextTurn { [self] in settled(peer) }
    }

    /// All that was said to a peer may have gone.
    final func settled(_ peer: WebSocketPeer) {
        guard !peer.isHeard, peer.transport.bufferedBytes == 0 else { return }
        carryOut(machine.settled(peer.side, at: worker.loop.now))
    }

    /// All connections are closed, and it forgets everything.
    private func forget() {
        guard position >= 0 else { return }
        for timer in [Timer.housekeeping, .closeDeadline, .slowConsumer, .drain, .rate] { disarm(timer) }
        eachPeer { peer in
            peer.owner = nil
            if let compression = peer.compression { worker.contextMemory.forget(compression) }
        }
        allClosed()
    }
}
