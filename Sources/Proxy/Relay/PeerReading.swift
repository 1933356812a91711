internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

/// Why reading from a peer stands, as far as that is our doing.
struct Holds: OptionSet {
    let rawValue: UInt8
    /// The other side is full.
    static let full = Holds(rawValue: 1)
    /// It sends too much, or what becomes too much.
    static let rate = Holds(rawValue: 2)
    /// The loop has made enough of compressed bytes for this turn.
    static let turn = Holds(rawValue: 4)
    /// What came of it is still being handed round.
    static let round = Holds(rawValue: 8)
    /// What it says waits for a backend, and that is enough.
    static let kept = Holds(rawValue: 16)
    /// The kernel has refused bytes for the other side, for which there is room here.
    static let rest = Holds(rawValue: 32)
}

/// A throttle that stands apart from its peer.
private final class Throttled {
    var value: Throttle
    init(_ value: Throttle) { self.value = value }
}

/// What a peer has sent and waits, and why it is not read. Changed in this file only.
struct Intake {
    fileprivate(set) var holds: Holds = []
    /// What it has sent and nobody has looked at yet.
    fileprivate var pending: PendingInput?
    /// nil where nothing is counted and it never sent too much: few have one.
    fileprivate var throttle: Throttled?
    /// A timer is going to end its rest.
    fileprivate var isResting = false
    /// Since it has ended its side behind what is not read.
    fileprivate var departure: Apart<Departure>?
    /// What counts it with others of the same key; nil where nothing does.
    fileprivate var meter: KeyedMeter?

    init(_ throttle: Throttle) { self.throttle = throttle.isOn ? Throttled(throttle) : nil }
}

// When a peer is read, and when not.
extension WebSocketPeer {
    /// Why it is not read.
    var holds: Holds { intake.holds }
    /// True when reading from this peer is paused because the other side is full.
    var isPaused: Bool { holds.contains(.full) }
    /// Something that it sent has not been looked at.
    var hasPending: Bool { intake.pending != nil }
    /// It has ended its side behind what was not read yet, and has nothing more to be asked.
    var endsUnread: Bool { intake.departure != nil }
    /// When it is to be looked at again how far it has got with that.
    var departureDue: UInt64? { intake.departure?.value.due }
    /// Since when it has been read without a pause.
    var readSince: UInt64 { keepalive.progress.readSince }

    /// It ends behind what is not read. False where that is known.
    func noticeEnd() -> Bool {
        guard !endsUnread else { return false }
        intake.departure = Apart(Departure(at: worker.loop.now))
        return true
    }

    /// Whether what it has said before its end is waited for no longer.
    ///
    /// - Parameters:
    ///   - taker: whom it goes to.
    ///   - limit: how long nothing may move.
    func hasDeparted(to taker: WebSocketPeer?, within limit: UInt64, at now: UInt64) -> Bool {
        let mark = Departure.Mark(
            bytes: tally.bytesReceived, messages: tally.messagesReceived,
            waiting: intake.pending?.bytes.count ?? 0,
            taken: taker?.transport.outflow.left ?? 0)
        let isRated = holds.contains(.rate)
        return intake.departure?.value.check(mark, isRated: isRated, within: limit, at: now) ?? false
    }

    func hold(_ reason: Holds) {
        keepalive.progress.stopsReading(at: worker.loop.now)
        intake.holds.insert(reason)
        transport.pauseReading()
        if transport.endsUnread { transportEndsUnread() }
    }

    func release(_ reason: Holds) {
        intake.holds.remove(reason)
        goOn()
    }

    /// Looks at what waits, and reads on, if nothing holds that up.
    func goOn() {
        guard holds.isEmpty, isConnected else { return }
        if intake.pending != nil, worker.inflation.isSpent(at: worker.loop.now) { return waitForTurn() }
        takePending()
        guard holds.isEmpty, isConnected, intake.pending == nil else { return }
        read()
    }

    /// It is not read until the other side has taken what it refused, or for some time.
    ///
    /// - Returns: whether somebody has to see to the time, and does not yet.
    fileprivate func rest() -> Bool {
        hold(.rest)
        defer { intake.isResting = true }
        return !intake.isResting
    }

    /// The other side has taken what it refused.
    func endRest() {
        if holds.contains(.rest) { release(.rest) }
    }

    fileprivate func restIsOver() {
        intake.isResting = false
        endRest()
    }

    func waitForTurn() {
        guard !holds.contains(.turn) else { return }
        hold(.turn)
        worker.loop.nextTurn { self.release(.turn) }
    }

    /// Reads on, whatever reading was paused for.
    func flowAgain() {
        guard !holds.isEmpty else { return }
        intake.holds = []
        // Nobody is called from inside his own call.
        guard intake.pending == nil else { return worker.loop.nextTurn { self.goOn() } }
        read()
    }

    private func read() {
        keepalive.progress.reads(at: worker.loop.now)
        transport.resumeReading()
    }

    /// The rest of what came, or something that came behind it.
    func keep(_ bytes: Span<UInt8>, part: PendingInput.Part? = nil) {
        if let pending = intake.pending { return pending.bytes.append(bytes) }
        guard bytes.count > 0 || part != nil else { return }
        intake.pending = PendingInput(bytes, part: part, on: transport.account)
    }

    /// What waited is not looked at any more; that the peer has ended its side behind it still counts.
    func dropPending() {
        guard let dropped = intake.pending.take(), dropped.hasEnded else { return }
        worker.loop.nextTurn { [weak self] in
            guard let self, isConnected else { return }
            owner?.ended(self, nil)
        }
    }

    /// What came before the peer's end counts. False when nothing waits.
    func endsBehindPending() -> Bool {
        intake.pending?.hasEnded = true
        return hasPending
    }

    private func takePending() {
        guard let input = intake.pending.take() else { return }
        var bytes = input.bytes.take()
        var span = bytes.mutableSpan
        if isHeard { owner?.received(&span, input.part, from: self) }
        guard input.hasEnded else { return }
        if !endsBehindPending() { owner?.ended(self, nil) }
    }

    // MARK: Rates

    /// What it sends is counted with that of others.
    func isMetered(by meter: KeyedMeter?) { intake.meter = meter }
    /// Whether what it sends is counted against a rate: then it is looked at after each message.
    var isRated: Bool { intake.throttle?.value.isOn ?? false || intake.meter != nil }
    /// How often it was left to wait.
    var throttles: Int { intake.throttle?.value.count ?? 0 }
    /// When it is read again that sends too much; nil while it doesn't.
    var throttledUntil: UInt64? { holds.contains(.rate) ? intake.throttle?.value.until : nil }

    /// How long it must wait for the messages that it has sent; 0 = not at all.
    func waitForMessages() -> UInt64 {
        guard let throttle = intake.throttle else { return 0 }
        let now = worker.loop.now
        return throttle.value.took(
            tally.messagesReceived, at: now, since: keepalive.progress.arrival(at: now))
    }

    /// The same for what it has sent together with others.
    func excess() -> KeyedMeter.Excess? {
        intake.meter?.took(
            messages: tally.messagesReceived, bytes: tally.bytesReceived, at: worker.loop.now)
    }

    /// It sends too much, and is read again after so long.
    func wait(_ wait: UInt64, limit: String) {
        let throttle = intake.throttle ?? Throttled(Throttle(perSecond: 0))
        intake.throttle = throttle
        if throttle.value.waits(wait, at: worker.loop.now, isWaiting: holds.contains(.rate)) {
            worker.metrics.add(.limitsHit, [limit])
        }
        hold(.rate)
    }
}

/// Peers that rest. If the other side goes on taking what it gets, they are read again then, mostly within a millisecond,
/// and nothing had to be kept. If it doesn't, they are read after a while in any case, until as much is kept as may be.
final class ReadRests: TimerTarget {
    private static let length = Duration.milliseconds(100)

    private unowned let loop: EventLoop
    private var peers: [WebSocketPeer] = []

    init(on loop: EventLoop) { self.loop = loop }

    func add(_ peer: WebSocketPeer) {
        guard peer.rest() else { return }
        peers.append(peer)
        if peers.count == 1 { _ = loop.schedule(self, kind: 0, after: Self.length) }
    }

    func timerFired(_ kind: UInt8) {
        let due = peers
        peers.removeAll(keepingCapacity: due.count < 1024)
        for peer in due { peer.restIsOver() }
    }
}
