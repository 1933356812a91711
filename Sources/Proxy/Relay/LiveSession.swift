internal import Access
internal import Configuration
internal import Durations
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A client past its handshake, as its worker keeps it: a session with a backend of its own, or a client of a feed.
///
/// What is true of both stands here: a machine that decides how it ends, one peer or two, and time. What passes between the
/// peers, or to the one, is for those who inherit.
class LiveSession: PeerOwner, TimerOwner {
    enum Timer: UInt8 { case housekeeping, closeDeadline, slowConsumer, drain, rate }

    final let worker: SessionContext
    final var loop: EventLoop { worker.loop }
    final let route: Route
    final private(set) var facts: SessionFacts
    /// Stands for nobody while it is away.
    final private(set) var client: WebSocketPeer
    /// nil where there is none of its own, or none now.
    final private(set) var backend: WebSocketPeer?
    /// Where the worker keeps it, -1 when it doesn't; its number there and who it is of, for operators.
    final var position = -1
    final var number: UInt64 = 0, bearer: BearerRecord?
    final var timers = TimerSlots()
    /// What keeps it to the terms on which it was let in; nil where nothing has to.
    final var lease: SessionLease? { didSet { leased() } }
    private var machine: SessionMachine
    private var meter: SessionMeter
    private var onEnd: (() -> Void)?
    private var idleness: Idleness
    private var age = SessionAge()

    init(
        client: WebSocketPeer, backend: WebSocketPeer?, route: Route, facts: SessionFacts,
        worker: SessionContext, onEnd: @escaping () -> Void
    ) {
        self.client = client
        self.backend = backend
        self.route = route
        self.facts = facts
        self.worker = worker
        self.onEnd = onEnd
        machine = SessionMachine(
            client: .open(isMidFrame: false),
            backend: backend == nil ? .absent(since: worker.loop.now) : .open(isMidFrame: false),
            closingWithin: route.timeouts.close.nanoseconds)
        meter = worker.metrics.meter(route: route.name, backend: facts.backend)
        idleness = Idleness(at: worker.loop.now)
        beginAge()
    }

    // MARK: For those who inherit

    /// The backend whose end would be this one's; nil when another may take over unseen.
    var backendName: String? { nil }
    /// Bytes that wait for its peers to take them.
    var bufferedBytes: (client: Int, backend: Int) {
        (client.transport.bufferedBytes, backend?.transport.bufferedBytes ?? 0)
    }
    /// Messages that have passed, whoever sent them.
    var messages: UInt64 { client.tally.messagesReceived }
    /// What has passed between the proxy and the client.
    var clientTally: PeerTally { client.tally }
    func received(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer) {}
    func flushed(_ peer: WebSocketPeer) { settled(peer) }
    func pinged(by peer: WebSocketPeer) {}
    func ponged(_ payload: [UInt8], by peer: WebSocketPeer) {}
    /// When `checkMore` is due; nil where nothing is awaited.
    var nextMore: UInt64? { nil }
    /// Looks for what else may take too long. False when the end has come of it.
    func checkMore(at now: UInt64) -> Bool { true }
    /// The time to be closed has come.
    func drainDue() {
        let hint = UInt64.random(in: 0...DrainCause.hintSpread, using: &worker.loop.random)
        carryOut(machine.drainDue(code: worker.drainCode, hint: hint, at: worker.loop.now))
    }
    /// Its end was decided on elsewhere, and is not taken back.
    var mustLeave: Bool { false }
    /// It has been given terms.
    func leased() {}
    /// Its client has brought a new token.
    func renewed(_ token: String, _ claims: Claims) {}
    /// Sends the client a message of ours; false where none can be put between two messages now.
    func say(_ payload: [UInt8], isText: Bool) -> Bool { false }
    /// A peer is gone; true where the session goes on without it.
    func outlives(_ peer: WebSocketPeer, _ cause: EndingCause?) -> Bool { false }
    /// A Close came; true where it does not end the session now.
    func outlives(_ close: ClosePayload, from peer: WebSocketPeer) -> Bool { false }
    /// It has no backend until something is said.
    var isAsleep: Bool { false }
    /// Its client has lost its connection, and may come back.
    var isAway: Bool { false }
    /// Its client knows how to come back.
    var isResumable: Bool { false }
    /// It is not to be closed before its time any more.
    func kept() {}
    /// Its end has begun.
    func endBegan() {}
    /// The backend's connection, where there was one, is closed.
    func backendEnded() {}
    /// Nothing is left of it.
    func forgotten() {}
    /// What is told of it beside what is told of all.
    var recordedPart: SessionRecord.Part { .relayed(.nothing) }

    // MARK: Beginning

    /// Takes its transports over.
    func start() {
        for peer in peers { peer.start(for: self) }
        scheduleHousekeeping()
        meter.begin()
    }

    final var peers: [WebSocketPeer] { backend.map { [client, $0] } ?? [client] }

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

    // MARK: Another connection of the client

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

    /// It has another one, from this address.
    final func takeClient(_ peer: WebSocketPeer, from address: String) {
        guard machine.joins(.client) else { return peer.transport.close() }
        facts.client = address
        client = peer
        peer.start(for: self)
        scheduleHousekeeping()
    }

    /// Ends it at once: nobody is told.
    final func abort(by: EndedBy, cause: EndingCause) { carryOut(machine.abort(by: by, cause: cause)) }

    // MARK: Another backend

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

    /// It is carried by another one.
    final func takeBackend(_ peer: WebSocketPeer, named name: String) {
        guard backend == nil, machine.joins(.backend) else { return peer.transport.close() }
        moveMetrics(to: name)
        facts.backend = name
        backend = peer
        peer.start(for: self)
        machine.stays()
        beginAge()
        scheduleHousekeeping()
    }

    private func closeDeadlinePassed() {
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
        if orders.beginsEnd { for peer in peers where peer.isConnected { peer.flowAgain() } }
        if let deadline = orders.deadline { arm(.closeDeadline, after: deadline) }
        if orders.isOver { forget() }
    }

    private func carryOut(_ order: SideOrder, on peer: WebSocketPeer) {
        peer.carryOut(order, machine.gate(peer.side))
        if order.settles { settle(peer) }
    }

    /// Nobody is called from inside his own call.
    private func settle(_ peer: WebSocketPeer) {
        worker.loop.nextTurn { [weak self] in self?.settled(peer) }
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
        for peer in peers {
            peer.owner = nil
            if let compression = peer.compression { worker.contextMemory.forget(compression) }
        }
        leaveMetrics()
        forgotten()
        worker.sessionEnded(self)
        onEnd?()
        onEnd = nil
    }

    // MARK: Time

    final func timerFired(_ timer: Timer) {
        switch timer {
        case .housekeeping: keepHouse()
        case .closeDeadline: closeDeadlinePassed()
        case .rate: ratePaid()
        case .slowConsumer: checkSlowConsumers()
        case .drain: drainDue()
        }
    }

    /// Pings, dead peers, idleness, and compression contexts that nobody has used for a while.
    private func keepHouse() {
        let now = worker.loop.now
        for peer in peers where peer.isConnected {
            guard let cause = peer.keepAlive(at: now) else { continue }
            gone(peer, cause)
            // Where it goes on without the peer, the others are looked at with the next one.
            return isEnding ? () : scheduleHousekeeping()
        }
        guard checkMore(at: now) else { return }
        if age.isReached(at: now) {
            beginAge()
            drainSoon(after: 0, because: .aged)
        }
        if !idleness.hasPassed(messages, at: now) {
            for peer in peers {
                guard let compression = peer.compression else { continue }
                compression.releaseIdleContexts()
                worker.contextMemory.touched(compression)
            }
            if isIdle(at: now) { return carryOut(machine.idle(at: now)) }
        }
        scheduleHousekeeping()
    }

    private func beginAge() {
        age.begin(at: loop.now, for: loop.random.jittered(route.maxAge, by: SessionAge.spread))
    }

    private func isIdle(at now: UInt64) -> Bool {
        guard route.timeouts.idle > .zero, client.isConnected else { return false }
        let peers = self.peers
        return idleness.isReached(
            route.timeouts.idle.nanoseconds, bytes: peers.reduce(0) { $0 &+ $1.tally.bytesReceived },
            isMidMessage: peers.contains { $0.frames.isMidMessage }, at: now
        ) {
            // Each is looked at, as the next look compares.
            peers.reduce(false) { $1.delivers() || $0 }
        }
    }

    final func scheduleHousekeeping() {
        let now = worker.loop.now
        var next = now + 10_000_000_000
        for peer in peers where peer.isConnected {
            if let due = peer.nextCheck { next = min(next, due) }
        }
        if route.timeouts.idle > .zero { next = min(next, idleness.due(route.timeouts.idle.nanoseconds)) }
        if let due = nextMore { next = min(next, due) }
        if let due = age.due { next = min(next, due) }
        arm(.housekeeping, after: next > now ? next - now : 1)
    }

    // MARK: Metrics and log

    /// Brings the metrics of its worker up to date with what it has carried (`SessionMeter.take`).
    func putInMetrics() { peers.forEach { meter.take(from: $0) } }

    /// It was given so many messages more, which nobody else counts.
    final func count(delivered: UInt64) { meter.delivered(delivered) }

    /// It no longer counts among the open ones.
    private func leaveMetrics() {
        putInMetrics()
        meter.end()
    }

    /// It is counted with another backend from here on.
    final func moveMetrics(to backend: String) {
        let next = worker.metrics.meter(route: route.name, backend: backend)
        guard next !== meter, position >= 0 else { return }
        leaveMetrics()
        next.moveIn()
        meter = next
    }
}
