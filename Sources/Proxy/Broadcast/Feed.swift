internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTPProtocol
internal import Routing
internal import WebSocketProtocol

/// One upstream WebSocket and all clients of a worker that receive what comes from it.
///
/// `FeedOpening` gets the connection and gets it back, `FeedReceiving` takes messages from it, `FeedRounds` hands them
/// round; this file keeps the clients and the time.
final class Feed: TimerOwner, MemoryHolder {
    enum Timer: UInt8 { case housekeeping, linger, reopen, patience, gather }

    let key: FeedKey
    private(set) var options: BroadcastConfiguration
    let worker: SessionContext
    var loop: EventLoop { worker.loop }
    unowned let hub: FeedHub
    let tally: FeedTally
    /// The request of the client that opened it, with which it is opened again.
    var plan: UpgradePlan
    var machine: FeedMachine
    /// What the first backend answered; nil until then. Those who join get the same.
    var accepted: AcceptedUpgrade?
    /// The upstream connection; nil while there is none.
    var peer: WebSocketPeer?
    var backend: Backend?
    /// What the upstream connection carries is counted with.
    var meter: SessionMeter?
    var attempt: (any PendingUpgrade)?
    /// Clients that wait for the first answer; the request under way is the first one's unless that has left.
    var waiters = WaitingQueue<FeedWaiter>()
    private var lastWaiter: UInt64 = 0
    var asking: FeedWaiter?
    private(set) var roster = Roster<Subscriber>()
    var ring: MessageRing<SharedMessage>
    /// Messages in the ring that have not been offered to all, and their bytes.
    var unsent = 0
    var unsentBytes = 0
    /// What several of them are when they leave together.
    var runs = MessageRuns()
    /// Whose turn it is while a round over the subscribers takes several turns of the loop.
    var roundPosition: Int?
    /// A client's message that is being passed on.
    var speech: Speech?
    /// Of what is kept for its clients: the messages that it holds, and those that slow clients are still given.
    let account: MemoryAccount
    private var headCharge: MemoryCharge
    /// The message that is coming in pieces.
    var assembly: MessageAssembly?
    var timers = TimerSlots()
    private(set) var isOver = false
    /// What clients are told when they are not told at once.
    private(set) var lastWords: (payload: ClosePayload, by: EndedBy, cause: EndingCause)?

    init(
        _ key: FeedKey, for plan: UpgradePlan, options: BroadcastConfiguration, hub: FeedHub,
        worker: SessionContext
    ) {
        self.key = key
        self.plan = plan
        self.options = options
        self.hub = hub
        tally = hub.tally(key.upstream)
        self.worker = worker
        machine = FeedMachine(reopens: options.onLoss == .reopen, within: options.reopenWithin.nanoseconds)
        account = MemoryAccount(on: worker.loop.memory)
        headCharge = MemoryCharge(to: account)
        headCharge.set(plan.head.keptBytes)
        ring = MessageRing(capacity: options.ringCapacity, byteLimit: options.queueBytes)
        account.holder = self
    }

    deinit { account.holder = nil }

    var route: Route { plan.route }
    var subscribers: [Subscriber] { roster.clients }
    /// Nobody receives it or waits for it.
    var isIdle: Bool { roster.isEmpty && waiters.isEmpty }
    /// Since when nobody receives it, on the loop's clock.
    private(set) var idleSince: UInt64 = 0
    var backendName: String { backend?.name ?? "" }
    /// Which feed it is, for the log.
    var subject: FeedEvent.Subject {
        FeedEvent.Subject(
            upstream: key.upstream, backend: backendName, host: key.host, path: key.target,
            subscribers: roster.count)
    }

    // MARK: Clients

    /// A client wants to receive the feed.
    func join(_ waiter: FeedWaiter) {
        if let accepted { return waiter.answer(.joined(self, accepted)) }
        lastWaiter += 1
        waiter.number = lastWaiter
        waiters.append(waiter, id: lastWaiter)
        waiter.wait(on: self, for: worker.upstream(key.upstream)?.openingTimeout ?? .zero)
        if attempt == nil { ask() }
    }

    /// A client that waited has left.
    func withdraw(_ waiter: FeedWaiter) {
        _ = waiters.remove(waiter.number)
        if asking === waiter { asking = nil }
        if waiters.isEmpty, accepted == nil { end(.goingAway) }
    }

    func add(_ subscriber: Subscriber) {
        disarm(.linger)
        subscriber.place = roster.append(subscriber, subscriber.lines)
        tally.joined()
    }

    func remove(_ subscriber: Subscriber) {
        let place = subscriber.place
        guard place >= 0, place < roster.count else { return }
        subscriber.place = -1
        tally.left()
        let last = roster.remove(at: place)
        last?.place = place
        if let round = roundPosition, place < round { moved(last, in: round) }
        if roster.isEmpty { lastLeft() }
    }

    /// One that the round under way had passed is gone, and the last has come into its place.
    private func moved(_ last: Subscriber?, in round: Int) {
        if roster.count < round {
            roundPosition = roster.count
        } else {
            last?.deliver()
        }
    }

    private func lastLeft() {
        guard !isOver else { return }
        releaseMessages()
        guard peer != nil, options.linger > .zero, !worker.isDraining, worker.upstream(key.upstream) != nil
        else {
            return end(.goingAway)
        }
        idleSince = worker.loop.now
        tally.waits(self)
        arm(.linger, after: options.linger)
    }

    /// Called when waiting clients have been told that they may join: some may have gone in that very moment.
    func lingerIfEmpty() {
        if roster.isEmpty, !isOver { lastLeft() }
    }

    /// Brings the metrics up to date with what the upstream connection has carried.
    func putInMetrics() {
        if let peer { meter?.take(from: peer, feeds: true) }
    }

    // MARK: Time

    func timerFired(_ timer: Timer) {
        switch timer {
        case .housekeeping: keepHouse()
        case .linger: if roster.isEmpty { end(.normal) }
        case .reopen: ask()
        case .patience: giveUp()
        case .gather: startRound()
        }
    }

    // MARK: Other options

    /// Follows the options of a reload from here on, with the clients that it has. Only `key_headers` stay: they are
    /// what made it a feed of its own, and those who come under other ones are not its clients.
    func adopt(_ new: BroadcastConfiguration) {
        var new = new
        new.keyHeaders = options.keyHeaders
        guard new != options else { return }
        // Those who keep up lose nothing by narrower bounds.
        finishRound()
        options = new
        runs.removeAll()
        ring.resize(capacity: new.ringCapacity, byteLimit: new.queueBytes)
        machine.adopt(reopens: new.onLoss == .reopen, within: new.reopenWithin.nanoseconds)
        for subscriber in subscribers { subscriber.adopt(new) }
        if isArmed(.linger) { arm(.linger, after: new.linger) }
        if peer == nil, accepted != nil { armPatience() }
    }

    // MARK: The end

    /// Nobody is left, or the process goes: the backend is told, and the hub forgets it.
    func end(_ code: CloseCode) {
        guard !isOver else { return }
        isOver = true
        if accepted != nil { worker.log.tell(.feedEnded(subject)) }
        for timer in [Timer.housekeeping, .linger, .reopen, .patience, .gather] { disarm(timer) }
        attempt?.cancel()
        attempt = nil
        asking = nil
        assembly = nil
        speech = nil
        if let peer { release(peer, with: ClosePayload(code, "no clients")) }
        hub.forget(self)
    }

    /// Ends it and all its clients: at once, or, with a code that makes them come again, spread over time.
    func end(telling payload: ClosePayload, by: EndedBy, cause: EndingCause) {
        let told = subscribers
        end(.goingAway)
        guard payload.code == .serviceRestart else {
            for subscriber in told { subscriber.close(payload, by: by, cause: cause) }
            return
        }
        let limit = worker.configuration.timeouts.drain
        let spread = DrainPlan.spread(sessions: told.count, limit: limit)
        lastWords = (payload, by, cause)
        for subscriber in told {
            subscriber.leave(after: UInt64.random(in: 0...max(spread, 1), using: &worker.loop.random))
        }
    }
}

extension BroadcastConfiguration {
    /// Messages that a feed holds: what may wait for a client, and what those who join are given.
    var ringCapacity: Int { max(queue, replayLast, 1) }
}
