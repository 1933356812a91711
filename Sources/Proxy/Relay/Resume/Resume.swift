internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// Keeps one session for a client that may come back, as `ResumeMachine` decides: keeps what the client has not taken, and
/// joins its next connection. Exists only for clients that know how to come back, on routes that ask for it.
final class Resume: TimerOwner, MemoryHolder {
    enum Timer: UInt8 { case patience, ping, release }

    let rules: ResumeConfiguration
    let worker: SessionContext
    var loop: EventLoop { worker.loop }
    var timers = TimerSlots()
    var machine: ResumeMachine
    /// Of what is kept for the client, whichever connection it has.
    let account: MemoryAccount
    /// The backend's messages that the client may not have had.
    private var store: MessageStore
    weak var session: Session?
    let route: Route
    /// What the backend chose of those that the client offered.
    let subprotocol: Subprotocol?
    /// What lets the client come back.
    private var tokens = ResumeTokens()
    /// What backends know it by, where they are told.
    private let name: ContinuityName?
    /// What it was refused before, where it came to take up another session.
    private let refusal: ResumeRefusal?
    /// What former connections have carried.
    private(set) var formerTally = PeerTally()
    /// How often the client has come back.
    private(set) var returns = 0
    /// The places that the session has by its keys.
    let keyed: KeyedPlaces?

    init(
        _ rules: ResumeConfiguration, plan: UpgradePlan, accepted: AcceptedUpgrade, worker: SessionContext
    ) {
        self.rules = rules
        self.worker = worker
        machine = ResumeMachine(rules)
        account = MemoryAccount(on: worker.loop.memory)
        store = MessageStore(on: account)
        route = plan.route
        keyed = plan.keyed
        subprotocol = accepted.subprotocol
        name = plan.continuity?.name
        refusal = plan.resume?.refusal
        account.holder = self
    }

    deinit { account.holder = nil }

    private var now: UInt64 { worker.loop.now }

    /// The session has begun: its client is told how to come back.
    func begin() {
        guard let session else { return }
        worker.enter(session)
        let words = words(of: session)
        session.client.send(message: words.begin(refusal), isText: true)
    }

    /// Whether a client that shows this token is ours.
    func admits(_ shown: ResumeToken) -> Bool { tokens.admits(shown) }

    /// With the next token.
    private func words(of session: Session) -> ResumeWords {
        let token = worker.token(for: session)
        tokens.gives(token)
        return ResumeWords(
            session: name?.description ?? session.id.description, token: token, rules)
    }

    // MARK: The backend's messages

    /// Takes a whole message of the backend. Whether it goes to the client now.
    func takes(_ opcode: Opcode, _ payload: Span<UInt8>) -> Bool {
        guard !machine.isOver else { return session?.client.isConnected ?? false }
        let passes = machine.backendMessage()
        store.append(opcode, payload)
        settle()
        return passes
    }

    /// Takes a message of ours while the client is away.
    func keeps(_ payload: [UInt8], isText: Bool) -> Bool {
        guard store.size < rules.buffer, !machine.hasFarewell else { return false }
        _ = takes(isText ? .text : .binary, payload.span)
        return true
    }

    func streamEnds(from side: SessionSide) {
        machine.streamEnds(from: side)
        if side == .backend { store.appendGap() }
        settle()
    }

    /// Gives up what the client has had, and reads the backend or doesn't.
    func settle() {
        machine.releases(at: now, needsRoom: store.size >= rules.buffer / 2)
        store.drop(before: machine.firstKept)
        if let due = machine.releaseDue, !isArmed(.release) { arm(.release, after: max(due, now &+ 1) - now) }
        guard let session else { return }
        let waiting = machine.isHere ? 0 : session.parts?.count(of: .backend) ?? 0
        switch machine.keeps(store.size + waiting) {
        case .stops: hold(session.backend)
        case .goesOn: releaseBackend()
        case .givesUp: giveUp(session)
        }
        planPing()
    }

    private func hold(_ backend: WebSocketPeer?) {
        if let backend, !backend.holds.contains(.kept) { backend.hold(.kept) }
    }

    private func releaseBackend() {
        guard let backend = session?.backend, backend.holds.contains(.kept) else { return }
        // Nobody is called from inside his own call.
        worker.loop.nextTurn { [weak self] in
            guard let self, session?.backend === backend, store.size < rules.buffer || machine.isOver else {
                return
            }
            backend.release(.kept)
        }
    }

    /// A client that answers a Ping has had what came before it.
    func ponged(_ payload: [UInt8]) {
        tokens.hasNext()
        guard let number = PingNumber.read(payload), machine.ponged(number, at: now) else { return }
        settle()
    }

    private func planPing() {
        guard let due = machine.pingDue(keeping: store.size) else { return }
        if due <= now { return arm(.ping, after: 1) }
        if !isArmed(.ping) { arm(.ping, after: due - now) }
    }

    private func ping() {
        guard let due = machine.pingDue(keeping: store.size), let client = session?.client else { return }
        guard due <= now, !client.isMidFrame else {
            return arm(.ping, after: max(due, now &+ 1_000_000) - now)
        }
        _ = client.ask(PingNumber.payload(machine.pings(at: now)))
    }

    // MARK: The client goes

    /// Its connection is gone, or given up. False where the session goes with it.
    func lost(_ cause: EndingCause?) -> Bool {
        guard let session, mayReturn(after: cause), session.continuity?.lastWords == nil,
            machine.lost(at: now) == .waits
        else { return false }
        leaveClient(of: session)?.transport.close()
        worker.log.tell(.away(subject(session), cause?.description ?? "ended without a close"))
        if let deadline = machine.deadline { arm(.patience, after: max(deadline - min(deadline, now), 1)) }
        tellBackend(rules.away)
        settle()
        session.backend.map { backend in worker.loop.nextTurn { backend.release(.full) } }
        return true
    }

    /// Who is not known to have the next token gave its return up because that took too long, and tries again.
    private func mayReturn(after cause: EndingCause?) -> Bool {
        guard let cause else { return true }
        return cause.isLossOfClient || cause == .cancelled && tokens.isReturning
    }

    private func leaveClient(of session: Session) -> WebSocketPeer? {
        disarm(.ping)
        session.parts?.drop(.client)
        let absent = WebSocketPeer(
            .client, NoTransport(account), frames: route.limits.client.frames, .none, route: route,
            worker: worker)
        guard let peer = session.releaseClient(leaving: absent) else { return nil }
        formerTally = formerTally.adding(peer.tally)
        return peer
    }

    /// Only where it asked for it, and where a message can stand now.
    private func tellBackend(_ text: String) {
        guard rules.tellsBackend, let backend = session?.backend, backend.takesData, !backend.isMidFrame
        else {
            return
        }
        backend.send(message: Array(text.utf8), isText: true)
    }

    // MARK: The backend goes

    /// Its Close came. True where the client is told when it is back.
    func backendCloses(_ payload: ClosePayload) -> Bool {
        guard let session, machine.backendEnds(payload) == .waits else { return false }
        session.answerBackend(payload)
        session.releaseBackend().map { Farewell.awaitEnd(of: $0, on: worker.loop) }
        return true
    }

    /// The same of one whose connection broke.
    func backendLost() -> Bool {
        guard let session,
            machine.backendEnds(ClosePayload(.internalError, "backend connection lost")) == .waits
        else { return false }
        session.releaseBackend()?.transport.close()
        return true
    }

    /// No other backend was to be had. True where the client is told when it is back.
    func backendMissing(_ payload: ClosePayload) -> Bool { machine.backendEnds(payload) == .waits }

    private func giveUp(_ session: Session) {
        store.removeAll()
        worker.metrics.add(.resumeFailures, [route.name, "overflow"])
        // Nobody is called from inside his own call.
        worker.loop.nextTurn { [weak self] in
            guard let self, let session = self.session, machine.hasFarewell, !session.isEnding else { return }
            session.continuity?.end()
            session.releaseBackend().map {
                Farewell.say(
                    ClosePayload(.goingAway, "client did not come back"), to: $0, on: self.worker.loop)
            }
        }
    }

    // MARK: The client comes back

    /// Looks whether the client may have its session; where it may, `join` is to follow at once.
    func returns(having number: UInt64, showing shown: ResumeToken) -> OnReturn {
        let found = machine.returns(having: number, at: now)
        if found == .neverSent { return found }
        tokens.comes(with: shown)
        return found
    }

    /// The client's next connection carries the session from here on.
    ///
    /// - Parameters:
    ///   - first: of the messages that are sent again.
    ///   - close: what follows them.
    func join(
        _ peer: WebSocketPeer, from address: String, early: [UInt8], first: UInt64, then close: ClosePayload?
    ) {
        guard let session else { return peer.transport.close() }
        disarm(.patience)
        takeOver(session)
        session.takeClient(peer, from: address)
        returns += 1
        let words = words(of: session)
        peer.send(message: words.resumed(received: clientMessages), isText: true)
        store.drop(before: first)
        replay(to: peer, of: session)
        _ = peer.ask([])
        worker.log.tell(.back(subject(session), missed: machine.count.received &+ 1 &- first))
        if let close { return session.close(close, by: .backend, cause: .close) }
        tellBackend(rules.back)
        session.continuity?.trim()
        settle()
        // Nobody is called from inside his own call.
        worker.loop.nextTurn { [weak session] in
            guard let session, session.client === peer else { return }
            session.backend?.release(.full)
            peer.receivedEarly(early)
            peer.goOn()
        }
    }

    /// The same of a session that was given up.
    func join(_ peer: WebSocketPeer, from address: String, givenUp payload: ClosePayload) {
        guard let session else { return peer.transport.close() }
        session.takeClient(peer, from: address)
        peer.send(message: ResumeWords.refusing(.gaveUp), isText: true)
        session.close(payload, by: .proxy, cause: .lagging)
        peer.goOn()
    }

    /// How many messages of the client have come in full. It sends again what came after them.
    private var clientMessages: UInt64 { formerTally.messagesReceived }

    /// The first connection is there yet.
    private func takeOver(_ session: Session) {
        let isThere = session.client.isConnected
        guard let old = leaveClient(of: session), isThere else { return }
        Farewell.say(
            ClosePayload(.policyViolation, "another connection has taken the session over"), to: old,
            on: worker.loop)
    }

    private func replay(to peer: WebSocketPeer, of session: Session) {
        var output = worker.scratch.take()
        store.forEach { opcode, payload in session.frame(payload, opcode, to: peer, into: &output) }
        peer.pass(output.span)
        worker.scratch.release(output)
    }

    // MARK: The end

    func timerFired(_ timer: Timer) {
        switch timer {
        case .ping: ping()
        case .release: settle()
        case .patience:
            guard machine.timeIsUp(at: now), let session else { return }
            worker.metrics.add(.resumeFailures, [route.name, "too_late"])
            session.abort(by: .client, cause: .clientNotBack)
        }
    }

    /// The session ends: nobody comes back to it.
    func end() {
        machine.ends()
        for timer in [Timer.patience, .ping, .release] { disarm(timer) }
        store.removeAll()
        tokens.end()
        if let session { worker.leave(session) }
    }

    // MARK: MemoryHolder

    var peerName: String { session?.facts.client ?? "?" }
    var isClient: Bool { true }

    func giveUpForMemory() -> Bool {
        guard let session, !session.isEnding else { return false }
        session.abort(by: .proxy, cause: .memory)
        return true
    }

    private func subject(_ session: Session) -> ResumeEvent.Subject {
        ResumeEvent.Subject(
            route: route.name, client: session.facts.client, session: session.id.description)
    }
}
