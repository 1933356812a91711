internal import Access
internal import Configuration
internal import Durations
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A client past its handshake, as its worker keeps it: a session with a backend of its own, or a client of a feed.
///
/// What is true of both stands here: who it is, its time, and what is counted of it. How it ends is `PeeredSession`'s. What
/// passes between the peers, or to the one, is for those who inherit.
class LiveSession: PeeredSession {
    final let route: Route
    final private(set) var facts: SessionFacts
    /// Its number with the worker, and who it is of, for operators.
    final var number: UInt64 = 0, bearer: BearerRecord?
    /// What keeps it to the terms on which it was let in; nil where nothing has to.
    final var lease: SessionLease? { didSet { leased() } }
    private var meter: SessionMeter
    private var onEnd: (() -> Void)?
    private var idleness: Idleness
    private var age = SessionAge()

    init(
        client: WebSocketPeer, backend: WebSocketPeer?, route: Route, facts: SessionFacts,
        worker: SessionContext, onEnd: @escaping () -> Void
    ) {
        self.route = route
        self.facts = facts
        self.onEnd = onEnd
        meter = worker.metrics.meter(route: route.name, backend: facts.backend)
        idleness = Idleness(at: worker.loop.now)
        super.init(
            client: client, backend: backend, closingWithin: route.timeouts.close.nanoseconds, worker: worker)
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
    /// Who takes what the client sends; nil where it goes nowhere now.
    var taker: WebSocketPeer? { backend }
    override func endsUnread(_ peer: WebSocketPeer) {
        if !isEnding { scheduleHousekeeping() }
    }
    /// When `checkMore` is due; nil where nothing is awaited.
    var nextMore: UInt64? { nil }
    /// Looks for what else may take too long. False when the end has come of it.
    func checkMore(at now: UInt64) -> Bool { true }
    /// It has been given terms.
    func leased() {}
    /// Its client has brought a new token.
    func renewed(_ token: String, _ claims: Claims) {}
    /// Sends the client a message of ours; false where none can be put between two messages now.
    func say(_ payload: [UInt8], isText: Bool) -> Bool { false }
    /// It has no backend until something is said.
    var isAsleep: Bool { false }
    /// Its client has lost its connection, and may come back.
    var isAway: Bool { false }
    /// Its client knows how to come back.
    var isResumable: Bool { false }
    /// Nothing is left of it.
    func forgotten() {}
    /// What is told of it beside what is told of all.
    var recordedPart: SessionRecord.Part { .relayed(.nothing) }

    // MARK: Beginning

    /// Takes its transports over.
    func start() {
        eachPeer { $0.start(for: self) }
        scheduleHousekeeping()
        meter.begin()
    }

    // MARK: Other connections

    /// The client has another connection, from this address.
    final func takeClient(_ peer: WebSocketPeer, from address: String) {
        guard joins(peer) else { return }
        facts.client = address
        scheduleHousekeeping()
    }

    /// It is carried by another backend.
    final func takeBackend(_ peer: WebSocketPeer, named name: String) {
        guard joins(peer) else { return }
        moveMetrics(to: name)
        facts.backend = name
        beginAge()
        scheduleHousekeeping()
    }

    // MARK: The end

    final override func allClosed() {
        leaveMetrics()
        forgotten()
        worker.sessionEnded(self)
        onEnd?()
        onEnd = nil
    }

    // MARK: Time

    final override func timerFired(_ timer: Timer) {
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
            guard let cause = lookAfter(peer, at: now) else { continue }
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
            if isIdle(at: now) { return closeIdle() }
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
        var next = LookPace.next(after: now)
        eachPeer { peer in
            if peer.isConnected, let due = peer.nextCheck { next = min(next, due) }
        }
        if route.timeouts.idle > .zero { next = min(next, idleness.due(route.timeouts.idle.nanoseconds)) }
        if let due = nextMore { next = min(next, due) }
        if let due = age.due { next = min(next, due) }
        arm(.housekeeping, after: next > now ? next - now : 1)
    }

    // MARK: Metrics and log

    override func putInMetrics() { eachPeer { meter.take(from: $0) } }

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
