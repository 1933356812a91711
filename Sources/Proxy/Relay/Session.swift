internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

/// One WebSocket from a client to a backend: two legs on one loop, and the rules between them.
///
/// `Forwarding` and `Transforming` move the data, `SessionMachine` decides how it ends; this file joins them to the
/// transports and to time.
final class Session: LiveSession, LegOwner, TimerOwner {
    enum Timer: UInt8 { case housekeeping, closeDeadline, slowConsumer, drain, rate }

    let worker: Worker
    let client: Leg
    let backend: Leg
    let route: Route
    let facts: SessionFacts
    /// Neither side compresses by an agreement of ours: frames go through as they came.
    private let isPlain: Bool
    private var machine: SessionMachine
    private let meter: SessionMeter
    /// Where the worker keeps it.
    var position = -1
    private var onBackendEnd: (() -> Void)?
    private var onEnd: (() -> Void)?
    var timers = TimerSlots()
    private var messageRate: RateLimit
    private var ratedMessages: UInt64 = 0
    static let longestThrottle: UInt64 = 3600 * 1_000_000_000
    /// How often messages over the rate were left to wait.
    private(set) var throttles = 0
    private var lastMessages: UInt64 = 0
    private var lastBytes: UInt64 = 0
    private var lastActivity: UInt64

    init(
        client: Leg, backend: Leg, route: Route, facts: SessionFacts, worker: Worker,
        onBackendEnd: @escaping () -> Void, onEnd: @escaping () -> Void
    ) {
        self.client = client
        self.backend = backend
        self.route = route
        self.facts = facts
        isPlain = client.compression == nil && backend.compression == nil
        self.worker = worker
        machine = SessionMachine(
            client: .open(isMidFrame: false), backend: .open(isMidFrame: false),
            closingWithin: route.timeouts.close)
        messageRate = RateLimit(perSecond: route.limits.messagesPerSecond)
        self.onBackendEnd = onBackendEnd
        self.onEnd = onEnd
        lastActivity = worker.loop.now
        meter = worker.metrics.meter(route: route.name, backend: facts.backend)
        client.owner = self
        backend.owner = self
    }

    /// Takes the transports over. What came early on either side is given to `received` by the caller, in order.
    func start() {
        client.transport.receiver = client
        backend.transport.receiver = backend
        backend.transport.read(for: client.transport.readBound)
        scheduleHousekeeping()
        meter.begin()
    }

    /// Starts, and gives both sides what they sent before it could.
    func begin(clientEarly: [UInt8], backendEarly: [UInt8]) {
        worker.begin(self)
        receivedEarly(backendEarly, from: backend)
        receivedEarly(clientEarly, from: client)
        for leg in [client, backend] { leg.goOn() }
    }

    private func receivedEarly(_ early: [UInt8], from leg: Leg) {
        guard !early.isEmpty else { return }
        var bytes = early
        var span = bytes.mutableSpan
        received(&span, from: leg)
    }

    var backendName: String? { facts.backend }
    var upstreamName: String { facts.upstream }

    func other(_ leg: Leg) -> Leg { leg === client ? backend : client }

    // MARK: Data

    func received(_ bytes: inout MutableSpan<UInt8>, from leg: Leg) {
        guard leg.isHeard else { return }
        leg.tally.bytesReceived &+= UInt64(bytes.count)
        leg.progress.heard(at: worker.loop.now)
        guard leg.pending == nil else { return leg.keep(bytes.span) }
        goesOn(&bytes, nil, from: leg)
    }

    func goesOn(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from leg: Leg) {
        guard leg.isHeard else { return }
        let other = other(leg)
        do throws(ProtocolViolation) {
            if isPlain {
                try forward(&bytes, from: leg, to: other)
            } else {
                try transform(&bytes, part, from: leg, to: other)
            }
        } catch {
            fail(leg, error)
        }
        if leg === client, messageRate.isOn { checkRate() }
        // A full leg pauses reading on the other one (rule 5).
        if !leg.isPaused, other.transport.isFull(beyond: route.limits.buffer) { pause(leg, because: other) }
    }

    /// Messages over the rate are paid for by a pause, or end the session.
    private func checkRate() {
        let new = client.tally.messagesReceived &- ratedMessages
        ratedMessages = client.tally.messagesReceived
        let wait = messageRate.take(
            Int(clamping: new), at: worker.loop.now, since: client.progress.arrival(at: worker.loop.now))
        guard wait > 0, client.isHeard, !machine.isEnding else { return }
        if route.limits.closesOverRate {
            return fail(client, .tooManyMessages(perSecond: route.limits.messagesPerSecond))
        }
        throttle(client, for: wait, limit: "messages_per_second")
    }

    /// A peer that sends too much is read again after so long.
    func throttle(_ leg: Leg, for wait: UInt64, limit: String) {
        if !leg.isThrottled {
            throttles += 1
            worker.metrics.add(.limitsHit, [limit])
        }
        leg.throttledUntil = max(leg.throttledUntil, worker.loop.now &+ min(wait, Self.longestThrottle))
        leg.hold(.rate)
        armRate()
    }

    private func armRate() {
        let due = [client, backend].filter(\.isThrottled).map(\.throttledUntil).min()
        let now = worker.loop.now
        if let due { arm(.rate, after: due > now ? due - now : 1) }
    }

    private func ratePaid() {
        for leg in [client, backend] where leg.isThrottled && leg.throttledUntil <= worker.loop.now {
            leg.release(.rate)
        }
        armRate()
    }

    func pause(_ leg: Leg, because full: Leg) {
        leg.hold(.full)
        worker.metrics.add(.readsPaused, [leg.peer.rawValue])
        guard route.timeouts.slowConsumer > 0 else { return }
        full.progress.waits(at: worker.loop.now)
        arm(.slowConsumer, after: StallWatch.firstLook(route.timeouts.slowConsumer))
    }

    func drained(_ leg: Leg) {
        if !leg.isHeard { carryOut(machine.settled(leg.peer, at: worker.loop.now)) }
        let feeder = other(leg)
        guard feeder.isPaused else { return }
        leg.progress.waitsNoMore()
        if !other(feeder).isPaused { disarm(.slowConsumer) }
        feeder.release(.full)
    }

    /// The other side is kept awake too.
    func pinged(by leg: Leg) { other(leg).carryPing() }

    // MARK: Time

    func timerFired(_ timer: Timer) {
        switch timer {
        case .housekeeping: keepHouse()
        case .closeDeadline: closeDeadlinePassed()
        case .rate: ratePaid()
        case .slowConsumer: checkSlowConsumer()
        case .drain: drain()
        }
    }

    /// Pings, dead peers, idleness, and compression contexts that nobody has used for a while.
    private func keepHouse() {
        let now = worker.loop.now
        for leg in [client, backend] {
            if let cause = leg.keepAlive(at: now) {
                return gone(leg, cause)
            }
        }
        let messages = client.tally.messagesReceived &+ backend.tally.messagesReceived
        if messages != lastMessages {
            lastMessages = messages
            lastActivity = now
        } else {
            for leg in [client, backend] {
                guard let compression = leg.compression else { continue }
                compression.releaseIdleContexts()
                worker.contextMemory.touched(compression)
            }
            if route.timeouts.idle > 0, isIdle(at: now) {
                return carryOut(machine.idle(at: now))
            }
        }
        scheduleHousekeeping()
    }

    /// No message has ended, none of which a part has come goes on coming, and nothing of those that have gets on.
    private func isIdle(at now: UInt64) -> Bool {
        let bytes = client.tally.bytesReceived &+ backend.tally.bytesReceived
        let isComing = bytes != lastBytes && (client.frames.isMidMessage || backend.frames.isMidMessage)
        lastBytes = bytes
        if isComing { lastActivity = now }
        guard now - min(lastActivity, now) >= route.timeouts.idle else { return false }
        for leg in [client, backend] where leg.progress.delivers(leg.transport.outflow) { lastActivity = now }
        return lastActivity < now
    }

    private func scheduleHousekeeping() {
        let now = worker.loop.now
        var next = now + 10_000_000_000
        for leg in [client, backend] {
            if let due = leg.progress.nextCheck { next = min(next, due) }
        }
        if route.timeouts.idle > 0 { next = min(next, lastActivity + route.timeouts.idle) }
        arm(.housekeeping, after: next > now ? next - now : 1)
    }

    /// A peer that has taken nothing at all for the whole time is given up; a slow one that takes something is not.
    private func checkSlowConsumer() {
        var next: UInt64?
        for leg in [client, backend] {
            guard other(leg).isPaused else { continue }
            let verdict = leg.progress.checkStall(
                at: worker.loop.now, limit: route.timeouts.slowConsumer, leg.transport.outflow)
            switch verdict {
            case .idle: break
            case .wait(let time): next = min(next ?? time, time)
            case .stalled:
                worker.metrics.add(.slowConsumers, [leg.peer.rawValue])
                return gone(leg, .slowConsumer)
            }
        }
        if let next { arm(.slowConsumer, after: next) }
    }

    /// Brings the metrics up to date with what this session has carried.
    func putInMetrics() {
        meter.take(from: client)
        meter.take(from: backend)
    }

    var bufferedBytes: (client: Int, backend: Int) {
        (client.transport.bufferedBytes, backend.transport.bufferedBytes)
    }

    var began: UInt64 { facts.began }

    // MARK: End

    /// Does what the machine has decided.
    private func carryOut(_ orders: SessionOrders) {
        client.gate = machine.gate(.client)
        backend.gate = machine.gate(.backend)
        if orders.beginsEnd { for timer in [Timer.housekeeping, .slowConsumer, .drain] { disarm(timer) } }
        carryOut(orders.client, on: client)
        carryOut(orders.backend, on: backend)
        // A paused side must be read again, or its answer is never seen.
        if orders.beginsEnd { for leg in [client, backend] where leg.isConnected { leg.flowAgain() } }
        if !backend.isConnected { backendEnded() }
        if let deadline = orders.deadline { arm(.closeDeadline, after: deadline) }
        if orders.isOver { forget() }
    }

    private func carryOut(_ order: SideOrder, on leg: Leg) {
        leg.carryOut(order)
        if order.settles { settle(leg) }
    }

    /// Nobody is called from inside his own call.
    private func settle(_ leg: Leg) {
        worker.loop.nextTurn { [weak self] in
            guard let self, leg.transport.bufferedBytes == 0 else { return }
            carryOut(machine.settled(leg.peer, at: worker.loop.now))
        }
    }

    func frameBegins(towards leg: Leg) {
        machine.frameBegins(towards: leg.peer)
        leg.gate = machine.gate(leg.peer)
    }

    func frameEnds(towards leg: Leg) {
        let order = machine.frameEnds(towards: leg.peer)
        leg.gate = machine.gate(leg.peer)
        leg.frameEnded(order)
        if order.settles { settle(leg) }
    }

    func closeReceived(_ payload: ClosePayload, from leg: Leg) {
        carryOut(machine.received(payload, from: leg.peer, at: worker.loop.now))
    }

    func ended(_ leg: Leg, _ error: TransportError?) {
        gone(leg, error.map { $0.endingCause(of: leg.peer) ?? .connectionLost($0.description) })
    }

    private func gone(_ leg: Leg, _ cause: EndingCause?) {
        let isSettled = leg.transport.bufferedBytes == 0
        carryOut(machine.ended(leg.peer, cause, isSettled: isSettled, at: worker.loop.now))
    }

    func fail(_ leg: Leg, _ violation: ProtocolViolation) {
        carryOut(machine.violated(violation, by: leg.peer, at: worker.loop.now))
    }

    private func closeDeadlinePassed() {
        var getsOn = false
        for leg in [client, backend] where leg.isConnected && leg.closesOn() { getsOn = true }
        carryOut(machine.deadlinePassed(at: worker.loop.now, getsOn: getsOn))
    }

    private func drain() {
        let hint = UInt64.random(in: 0...DrainCause.hintSpread, using: &worker.loop.random)
        carryOut(machine.drainDue(code: worker.drainCode, hint: hint, at: worker.loop.now))
    }

    func drainSoon(after delay: UInt64, because cause: DrainCause) {
        if machine.plans(cause) { arm(.drain, after: delay) }
    }

    func keep() {
        machine.stays()
        disarm(.drain)
    }

    var ending: SessionEnding? { machine.ending }
    var plannedDrain: DrainCause? { machine.plannedDrain }

    /// The backend no longer carries this session, though the client's side may still be closing.
    private func backendEnded() {
        onBackendEnd?()
        onBackendEnd = nil
    }

    /// Both transports are closed and the session forgets everything.
    private func forget() {
        guard position >= 0 else { return }
        for timer in [Timer.housekeeping, .closeDeadline, .slowConsumer, .drain, .rate] { disarm(timer) }
        for leg in [client, backend] {
            leg.owner = nil
            if let compression = leg.compression { worker.contextMemory.forget(compression) }
        }
        putInMetrics()
        meter.end()
        worker.sessionEnded(self)
        onEnd?()
        onEnd = nil
    }
}
