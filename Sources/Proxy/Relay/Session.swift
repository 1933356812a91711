internal import Access
internal import Configuration
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

/// One WebSocket from a client to a backend: two peers on one loop, and what passes between them.
///
/// `Forwarding` and `Transforming` move the data, `SessionMachine` decides how it ends, `PeeredSession` carries that out. `LiveSession` has its time and its numbers.
final class Session: LiveSession {
    /// Neither side compresses by an agreement of ours: frames go through as they came.
    private var isPlain: Bool
    /// Which counts it; nil once it no longer does.
    private var carrier: BackendState?
    /// What lets it outlive its backend; nil where it doesn't.
    let continuity: Continuity?
    /// What lets its client come back; nil where it can't.
    let resume: Resume?
    /// Parts of messages, where those are to be whole.
    let parts: MessageParts?
    /// What its messages say is looked at.
    private(set) var isRead: Bool

    init(
        client: WebSocketPeer, backend: WebSocketPeer, route: Route, facts: SessionFacts,
        outliving: Outliving, worker: SessionContext,
        carriedBy carrier: BackendState, onEnd: @escaping () -> Void
    ) {
        isPlain = client.compression == nil && backend.compression == nil && outliving.parts == nil
        isRead = outliving.parts != nil
        continuity = outliving.continuity
        resume = outliving.resume
        parts = outliving.parts
        self.carrier = carrier
        super.init(
            client: client, backend: backend, route: route, facts: facts, worker: worker, onEnd: onEnd)
    }

    deinit { continuity?.session = nil }

    /// Starts, and gives both sides what they sent before it could.
    func begin(clientEarly: [UInt8], backendEarly: [UInt8]) {
        continuity?.begin(self)
        resume?.session = self
        worker.begin(self)
        resume?.begin()
        backend?.receivedEarly(backendEarly)
        client.receivedEarly(clientEarly)
        client.goOn()
        backend?.goOn()
    }

    /// Messages that are looked at can't go through as they came.
    override func leased() {
        isRead = lease?.watch != nil || parts != nil
        if lease?.watch != nil { isPlain = false }
    }

    override var backendName: String? { facts.backend }
    override var messages: UInt64 {
        clientTally.messagesReceived &+ (backend?.tally.messagesReceived ?? 0)
            &+ (continuity?.formerTally.sum.messagesReceived ?? 0)
    }

    override var clientTally: PeerTally { resume?.formerTally.adding(client.tally) ?? client.tally }

    /// The one that what comes from a peer goes to.
    func other(_ peer: WebSocketPeer) -> WebSocketPeer {
        if peer === client, let backend { backend } else { client }
    }

    // MARK: Data

    override func received(
        _ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer
    ) {
        let other = other(peer)
        let isRated = peer.isRated
        do throws(ProtocolViolation) {
            if isPlain {
                try forward(&bytes, from: peer, to: other, isRated: isRated)
            } else {
                try transform(&bytes, part, from: peer, to: other)
            }
        } catch {
            fail(peer, error)
        }
        if isRated { _ = isOverRate(peer) }
        // A full side pauses reading on the other one (rule 5).
        guard !peer.isPaused else { return }
        switch other.transport.fullness(beyond: route.limits.buffer) {
        case .open: break
        case .refuses: worker.rests.add(peer)
        case .full: pause(peer, because: other)
        }
    }

    func pause(_ peer: WebSocketPeer, because full: WebSocketPeer) {
        peer.hold(.full)
        worker.metrics.add(.readsPaused, [peer.side.rawValue])
        awaitTaking(by: full)
    }

    override func flushed(_ peer: WebSocketPeer) {
        settled(peer)
        let feeder = other(peer)
        guard feeder.isPaused else { return feeder.endRest() }
        peer.hasTaken()
        if !peer.isPaused { disarm(.slowConsumer) }
        feeder.release([.full, .rest])
    }

    /// Only where one message has ended and none has begun (RFC 6455, 5.4).
    override func say(_ payload: [UInt8], isText: Bool) -> Bool {
        if let resume, resume.machine.isAway { return resume.keeps(payload, isText: isText) }
        guard !isEnding, client.takesData, !client.isMidFrame,
            !client.transport.isFull(beyond: route.limits.buffer)
        else { return false }
        if let backend {
            guard !backend.frames.isMidMessage, !backend.transit.isTransformed, !backend.hasPending else {
                return false
            }
        }
        _ = resume?.takes(isText ? .text : .binary, payload.span)
        client.send(message: payload, isText: isText)
        return true
    }

    /// The other side is kept awake too.
    override func pinged(by peer: WebSocketPeer) {
        let other = other(peer)
        if other !== peer { other.carryPing() }
    }

    /// The backend no longer carries this session, though the client's side may still be closing.
    override func backendEnded() {
        carrier?.sessionEnded()
        carrier = nil
    }

    /// The client is read again: who was full is gone.
    func releaseClient() {
        disarm(.slowConsumer)
        client.release(.full)
    }

    // MARK: Sides that come and go

    override func outlives(_ peer: WebSocketPeer, _ cause: EndingCause?) -> Bool {
        guard parts != nil, !isEnding else { return false }
        if peer === client {
            return resume?.lost(cause) ?? false || continuity?.clientEnds(cause) ?? false
        }
        return continuity?.lost(peer, cause) ?? false || resume?.backendLost() ?? false
    }

    override func outlives(_ close: ClosePayload, from peer: WebSocketPeer) -> Bool {
        guard parts != nil, !isEnding else { return false }
        if peer === client {
            // It has done with the session.
            resume?.machine.ends()
            return !(continuity?.clientCloses(close) ?? true)
        }
        return continuity?.closed(close) ?? false || resume?.backendCloses(close) ?? false
    }

    override func ponged(_ payload: [UInt8], by peer: WebSocketPeer) {
        if peer.side == .backend { continuity?.ponged(payload) } else { resume?.ponged(payload) }
    }

    override var nextMore: UInt64? { continuity?.sleepDue }

    override func checkMore(at now: UInt64) -> Bool {
        continuity?.sleepIfDue()
        return true
    }

    override func drainDue() {
        if let continuity, plannedDrain?.isOfBackend == true, continuity.leave() { return }
        super.drainDue()
    }

    /// There is no backend for it: its client is told, be it when it is back.
    func closeForBackend(_ payload: ClosePayload, cause: EndingCause) {
        if resume?.backendMissing(payload) ?? false { return }
        close(payload, by: .proxy, cause: cause)
    }

    override var isAway: Bool { resume?.machine.isAway ?? false }
    override var isResumable: Bool { resume != nil }

    /// It could not be moved, and is closed.
    func closeAsOrdered() { super.drainDue() }

    override func renewed(_ token: String, _ claims: Claims) { continuity?.renew(token, claims) }

    override var isAsleep: Bool { continuity?.machine.isAsleep ?? false }
    override func kept() { continuity?.stay() }

    override func endBegan() {
        continuity?.end()
        resume?.end()
    }

    override func forgotten() { endBegan() }

    /// Another backend carries it from here on, and counts it.
    func isCarried(by next: BackendState) { carrier = next }

    override var recordedPart: SessionRecord.Part {
        .relayed(
            SessionRecord.Relayed(
                fromBackends: (continuity?.formerTally.sum ?? PeerTally()).adding(backend?.tally),
                sessionID: continuity?.terms.name.description,
                backends: (continuity?.moves ?? 0) + 1, returns: resume?.returns ?? 0))
    }
}
