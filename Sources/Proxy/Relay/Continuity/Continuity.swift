internal import Access
internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// Carries one session from backend to backend, as `ContinuityMachine` decides: keeps what waits, asks for the next one,
/// and joins it. Exists only where an upstream asks for it.
final class Continuity: TimerOwner {
    enum Timer: UInt8 { case ask, patience, ping, parting, lastWords }

    let terms: ContinuityTerms
    let worker: SessionContext
    var loop: EventLoop { worker.loop }
    var timers = TimerSlots()
    var machine: ContinuityMachine
    // Beside small ones of the machine's: every session has this.
    private var moved: UInt32 = 0
    /// The client's original request, and what was renewed of it.
    private(set) var kept: KeptPlan
    private let subprotocol: Subprotocol?
    /// Takes itself off when it ends: a weak reference would make each retain of it slower, and larger.
    unowned var session: Session?
    /// What carries it, or did last.
    var backend: Backend
    var attempt: (any PendingUpgrade)?
    var next: NextBackend?
    /// Messages of the client that wait, or may have to be sent again.
    var store: MessageStore
    /// Its first ones, for each new backend; nil where none go again.
    let firsts: FirstMessages?
    private let parts: MessageParts
    /// The client's Close, as long as it waits, and whether it has ended its connection behind it.
    var lastWords: Apart<(close: ClosePayload, hasEnded: Bool)>?
    /// 0 = never.
    private var patienceEnd: UInt64 = 0
    /// When anything was last said.
    var lastMessage: UInt64
    /// What former backends have carried.
    private(set) var formerTally = FormerTally()
    private var planCharge: MemoryCharge
    /// How many other backends have carried it.
    var moves: Int { Int(moved) }

    init(
        _ terms: ContinuityTerms, plan: UpgradePlan, accepted: AcceptedUpgrade, on backend: Backend,
        parts: MessageParts, account: MemoryAccount, worker: SessionContext
    ) {
        self.terms = terms
        self.parts = parts
        self.worker = worker
        kept = KeptPlan(plan)
        subprotocol = accepted.subprotocol
        self.backend = backend
        machine = ContinuityMachine(terms.shared)
        store = MessageStore(on: account)
        firsts = FirstMessages(terms.rules.replayFirst, on: account)
        planCharge = MemoryCharge(to: account)
        planCharge.set(kept.keptBytes)
        lastMessage = worker.loop.now
    }

    func begin(_ session: Session) { self.session = session }

    /// Of the client's request.
    var requestID: String { session?.facts.texts.all.requestID ?? "" }

    /// The client has brought a new token.
    func renew(_ token: String, _ claims: Claims) {
        kept.renew(token, claims, requestID: requestID)
        planCharge.set(kept.keptBytes)
    }

    /// The client has come back, and was let in anew.
    func renew(by plan: UpgradePlan) {
        kept.renew(by: plan, requestID: requestID)
        planCharge.set(kept.keptBytes)
    }

    private var now: UInt64 { worker.loop.now }

    /// So that many sessions don't ask for another backend together.
    private var spread: UInt64 {
        let others = worker.upstream(kept.upstream)?.usable(besides: backend.state) ?? 0
        let most = MoveSpread.longest(sessions: backend.state.sessions, backends: others)
        return UInt64.random(in: 0...most, using: &worker.loop.random)
    }

    // MARK: What happens to the backend

    /// Its connection is gone. False where the session goes with it.
    func lost(_ peer: WebSocketPeer, _ cause: EndingCause?) -> Bool {
        let orders: ContinuityOrders
        if cause == nil {
            let outflow = peer.transport.outflow
            let isTaken = outflow.held == 0 && outflow.unsent == 0 && outflow.acknowledged >= outflow.end
            orders = machine.ended(isTaken: isTaken, at: now, spread: spread)
        } else {
            orders = machine.lost(at: now, spread: spread)
        }
        if orders.releases { worker.log.tell(.backendLeft(subject, cause?.description ?? "ended")) }
        carryOut(orders)
        return orders.ends != .asEver
    }

    /// Its Close came. False where that ends the session.
    func closed(_ payload: ClosePayload) -> Bool {
        let orders = machine.closed(payload.code?.rawValue, at: now, spread: spread)
        if orders.answers {
            worker.log.tell(.backendLeft(subject, "closed with \(payload.code?.rawValue ?? 1005)"))
        }
        carryOut(orders, backendClose: payload)
        return orders.ends != .asEver
    }

    /// It answers a Ping that asked what it has read.
    func ponged(_ payload: [UInt8]) {
        guard let number = PingNumber.read(payload), machine.ponged(number) else { return }
        trim()
        planPing()
    }

    /// Another backend carries it.
    func hasMoved() { moved &+= 1 }

    // MARK: What is ordered

    /// The session is to leave its backend. False where it can't, and is closed instead.
    func leave() -> Bool {
        guard terms.rules.on.contains(.drain), worker.upstream(kept.upstream) != nil else { return false }
        carryOut(machine.moves(.drain, at: now))
        return true
    }

    /// It may stay.
    func stay() { carryOut(machine.stays()) }

    /// It is to have a backend again.
    func wake() { carryOut(machine.wakes(at: now)) }

    /// When it may go to sleep; nil where it never does, or is asleep.
    var sleepDue: UInt64? {
        guard terms.rules.hibernateAfter > .zero, machine.isSettled else { return nil }
        return lastMessage &+ terms.rules.hibernateAfter.nanoseconds
    }

    /// Lets it sleep if nothing was said for long enough.
    func sleepIfDue() {
        guard let due = sleepDue, now >= due, parts.count(of: .client) == 0, parts.count(of: .backend) == 0
        else { return }
        carryOut(machine.sleeps(at: now))
    }

    // MARK: Carrying out

    func carryOut(_ orders: ContinuityOrders, backendClose: ClosePayload? = nil) {
        guard let session else { return }
        if orders.forgets { forgetNext() }
        if orders.parts { part() }
        if orders.answers, let backendClose {
            session.answerBackend(backendClose)
            arm(.parting, after: Farewell.patience)
        }
        if orders.releases { release(lingers: backendClose != nil) }
        if orders.uncertain > 0 { count(uncertain: orders.uncertain) }
        if let takeover = orders.takesOver { takeOver(takeover) }
        if let delay = orders.asks { arm(.ask, after: max(delay, 1)) }
        trim()
        armPatience()
        if orders.passesClose { passLastWords() }
        if let end = orders.ends { finish(end) }
    }

    private func part() {
        let payload =
            next == nil
            ? ClosePayload(CloseCode(rawValue: terms.rules.hibernateCloseCode), "hibernating")
            : ClosePayload(.serviceRestart, "moved to another backend")
        session?.leaveBackend(saying: payload)
        arm(.parting, after: Farewell.patience)
    }

    /// - Parameter lingers: both Closes have passed, and the backend ends the connection (RFC 6455, 7.1.1).
    private func release(lingers: Bool) {
        disarm(.parting)
        disarm(.ping)
        parts.drop(.backend)
        session?.client.compression?.isDeflating = false
        guard let peer = session?.releaseBackend() else { return }
        formerTally.add(peer.tally)
        if lingers {
            Farewell.awaitEnd(of: peer, on: worker.loop)
        } else {
            peer.transport.close()
        }
    }

    private func count(uncertain: UInt64) {
        let isResent = machine.count.resends
        worker.metrics.add(.continuityUncertain, [kept.upstream], by: uncertain)
        if isResent { worker.metrics.add(.continuityResent, [kept.upstream], by: uncertain) }
        worker.log.tell(.messagesUncertain(subject, uncertain, areResent: isResent))
    }

    /// Bounds the time for which the client is without a backend.
    private func armPatience() {
        let end = machine.deadline
        guard end ?? 0 != patienceEnd else { return }
        patienceEnd = end ?? 0
        guard let end else { return disarm(.patience) }
        arm(.patience, after: end > now ? end - now : 1)
    }

    private func finish(_ end: ContinuityEnd) {
        guard let session else { return }
        if end != .asEver {
            worker.metrics.add(.continuityFailures, [kept.upstream, machine.moveReason.rawValue])
        }
        if end == .asOrdered { return session.closeAsOrdered() }
        let hint = UInt64.random(in: 0...DrainCause.hintSpread, using: &worker.loop.random)
        if let (close, cause) = end.close(hint: hint) { session.closeForBackend(close, cause: cause) }
    }

    /// Gives up what no backend needs any more, and lets the client say more.
    func trim() {
        store.drop(before: machine.count.firstKept)
        guard let client = session?.client else { return }
        let isFull = store.size >= terms.rules.hold
        let waits = !machine.isCarried && parts.count(of: .client) > parts.most
        if isFull || waits {
            if !client.holds.contains(.kept) { client.hold(.kept) }
        } else if client.holds.contains(.kept) {
            // Nobody is called from inside his own call.
            worker.loop.nextTurn { [weak self] in self?.readClient() }
        }
    }

    private func readClient() {
        guard let client = session?.client, client.holds.contains(.kept), store.size < terms.rules.hold
        else { return }
        client.release(.kept)
    }

    // MARK: Time

    func timerFired(_ timer: Timer) {
        switch timer {
        case .ask: ask()
        case .patience:
            patienceEnd = 0
            carryOut(machine.timeIsUp(at: now))
        case .ping: ping()
        case .parting: partingTooLong()
        case .lastWords: passLastWords()
        }
    }

    /// A backend whose last words the client doesn't take is waited for.
    private func partingTooLong() {
        guard machine.isParting else { return }
        if let peer = session?.backend, !peer.holds.isDisjoint(with: [.full, .rest, .kept]) {
            return arm(.parting, after: Farewell.patience)
        }
        carryOut(machine.partingTooLong(at: now))
    }

    /// Asks the backend what it has read, when that is due.
    func planPing() {
        guard let due = machine.pingDue, !machine.isOver, !isArmed(.ping) else { return }
        arm(.ping, after: due > now ? due - now : 1)
    }

    private func ping() {
        guard let due = machine.pingDue, let peer = session?.backend else { return }
        guard due <= now, !peer.isMidFrame else { return arm(.ping, after: max(due, now &+ 1_000_000) - now) }
        _ = peer.ask(PingNumber.payload(machine.pings(at: now)))
    }

    // MARK: The end

    /// The session ends: it needs no other backend.
    func end() {
        for timer in [Timer.ask, .patience, .ping, .parting, .lastWords] { disarm(timer) }
        let waiting = machine.count.waiting
        if waiting > 0 { worker.metrics.add(.continuityDropped, [kept.upstream], by: waiting) }
        machine.ends()
        forgetNext()
        store.removeAll()
        firsts?.store.removeAll()
        lastWords = nil
    }

    func accepts(_ accepted: AcceptedUpgrade) -> Bool { accepted.subprotocol == subprotocol }

    /// Which session it is, for the log.
    var subject: ContinuityEvent.Subject {
        ContinuityEvent.Subject(
            upstream: kept.upstream, backend: backend.name, session: terms.name.description,
            reason: machine.moveReason.rawValue)
    }
}
