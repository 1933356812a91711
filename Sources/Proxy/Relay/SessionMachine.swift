internal import Durations
internal import WebSocketProtocol

/// Decides how a session ends (RFC 6455, 7.1): who is told what, in which order, and how long it is waited for. Pure:
/// nanoseconds, and no more chance than its arguments bring.
///
/// A Close is carried across with its code and reason; the one who sent it gets its answer when the other side has
/// answered, or when the deadline has passed. After both have closed, the connections end as RFC 6455, 7.1.1 wants it:
/// we close the client's, the backend closes its own. A side that is absent is neither told nor waited for: each Close of
/// the other is answered here.
struct SessionMachine: ~Copyable {
    private enum Phase {
        /// Messages flow; it may be meant to end before its time.
        case open(drain: DrainCause?)
        /// The client broke a rule. What it sent before counts, and so do the answers: the backend was asked to close,
        /// and what it still has to say is passed on before the client is told.
        case awaitingAnswers(ProtocolViolation)
        case closing(ClosingClock)
        case over
    }

    /// How long the answers to a client that broke a rule may take.
    static let answerTime = Duration.seconds(1).nanoseconds

    private var client: SideState
    private var backend: SideState
    private var phase = Phase.open(drain: nil)
    /// Of closing, 0 = at once.
    private let limit: UInt64
    private var heldEnding: Apart<SessionEnding>?
    /// Who ended it first and how; the first cause wins.
    private(set) var ending: SessionEnding? {
        get { heldEnding?.value }
        set { heldEnding = newValue.map { Apart($0) } }
    }

    /// - Parameter limit: how long nothing may move while the session closes.
    init(client: consuming SideState, backend: consuming SideState, closingWithin limit: UInt64) {
        self.client = client
        self.backend = backend
        self.limit = limit
    }

    private subscript(_ side: SessionSide) -> SideState {
        _read { if side == .client { yield client } else { yield backend } }
        _modify { if side == .client { yield &client } else { yield &backend } }
    }

    /// What a side lets through.
    func gate(_ side: SessionSide) -> SideGate { side == .client ? client.gate : backend.gate }

    /// Whether its end has begun.
    var isEnding: Bool { if case .open = phase { false } else { true } }

    private var isOver: Bool { if case .over = phase { true } else { false } }

    /// Why it is to be closed before its time, where that is so.
    var plannedDrain: DrainCause? { if case .open(let cause) = phase { cause } else { nil } }

    // MARK: Frames

    /// Part of a data frame was passed on to a peer.
    mutating func frameBegins(towards side: SessionSide) {
        if side == .client { client.frameBegins() } else { backend.frameBegins() }
    }

    /// Its rest was.
    mutating func frameEnds(towards side: SessionSide) -> SideOrder {
        side == .client ? client.frameEnds() : backend.frameEnds()
    }

    // MARK: Ends

    /// A Close frame came.
    mutating func received(_ close: ClosePayload, from side: SessionSide, at now: UInt64) -> SessionOrders {
        guard gate(side).contains(.hears) else { return .none }
        note(by: EndedBy(side), code: close.code, reason: close.reason, cause: .close)
        let other = side.other
        let isAnswer = self[side].hasOurs
        self[side].receives(close)
        var orders = SessionOrders.none
        if isAnswer {
            if side == .backend, case .awaitingAnswers(let violation) = phase {
                // All that the backend had to say has been passed on.
                tell(.client, violation, at: now, &orders)
                return orders
            }
            // If ours was carried across for the other side, the answer goes back to it.
            if self[other].unanswered != nil { answer(other, close, &orders) }
            part(side, &orders)
        } else if self[other].takesClose {
            orders[other] = self[other].says(close)
        } else {
            // The other side is gone or closing already: nobody is left to ask.
            answer(side, close, &orders)
        }
        beginEnd(at: now, &orders)
        return orders
    }

    /// A peer has ended its side, its connection broke, or it was given up.
    ///
    /// - Parameters:
    ///   - cause: nil when it ended in order.
    ///   - isSettled: all that was said to it has gone.
    mutating func ended(
        _ side: SessionSide, _ cause: EndingCause?, isSettled: Bool, at now: UInt64
    ) -> SessionOrders {
        guard self[side].isConnected else { return .none }
        if cause == nil, self[side].hasTheirs, !(self[side].isFinished && isSettled) {
            // Its Close was its last word, as browsers do on HTTP/2 streams. It still gets what is under way, and ours.
            self[side].peerEnds()
            return .none
        }
        return gone(side, cause ?? .connectionLost(""), at: now)
    }

    /// All that was said to a peer has gone.
    mutating func settled(_ side: SessionSide, at now: UInt64) -> SessionOrders {
        self[side].settles ? gone(side, .connectionLost(""), at: now) : .none
    }

    /// A peer broke the protocol or a limit: it is told why, and the other side that it is over.
    mutating func violated(
        _ violation: ProtocolViolation, by side: SessionSide, at now: UInt64
    ) -> SessionOrders {
        guard gate(side).contains(.hears) else { return .none }
        // The one that is no peer's fault.
        let by: EndedBy = violation == .outOfMemory ? .proxy : EndedBy(side)
        note(by: by, code: violation.closeCode, cause: .violation(violation))
        let words = violation.words(of: side.rawValue)
        self[side].deafens()
        var orders = SessionOrders.none
        if side == .client, !isEnding, backend.takesClose, !gate(.backend).contains(.isMidFrame) {
            orders.backend = backend.says(ClosePayload(.goingAway, words))
            phase = .awaitingAnswers(violation)
            orders.beginsEnd = true
            orders.deadline = min(max(limit, 1), Self.answerTime)
            return orders
        }
        tell(side, violation, at: now, &orders)
        let isMidFrame = gate(side.other).contains(.isMidFrame)
        switch side {
        case .client:
            orders.backend = isMidFrame ? backend.abort() : backend.says(ClosePayload(.goingAway, words))
        case .backend where isMidFrame: abortAll(&orders)
        case .backend: orders.client = client.says(ClosePayload(violation.codeBehindProxy, words))
        }
        return orders
    }

    /// The deadline has passed, or half of it. As long as an end gets on it is waited for.
    ///
    /// - Parameter getsOn: a peer takes what is left for it, or its last frame is coming.
    mutating func deadlinePassed(at now: UInt64, getsOn: Bool) -> SessionOrders {
        var orders = SessionOrders.none
        switch phase {
        case .open, .over: break
        case .awaitingAnswers(let violation) where client.isConnected:
            orders.backend = backend.abort()
            tell(.client, violation, at: now, &orders)
        case .awaitingAnswers: abortAll(&orders)
        case .closing(var clock):
            if let wait = clock.check(at: now, hasMoved: getsOn) {
                orders.deadline = wait
                phase = .closing(clock)
            } else {
                abortAll(&orders)
            }
        }
        return orders
    }

    /// Both sides are closed with a code of ours, unless their end has begun.
    mutating func close(
        _ payload: ClosePayload, by: EndedBy, cause: EndingCause, at now: UInt64
    ) -> SessionOrders {
        guard !isEnding else { return .none }
        note(by: by, code: payload.code, reason: payload.reason, cause: cause)
        var orders = SessionOrders(client: client.says(payload), backend: backend.says(payload))
        beginEnd(at: now, &orders)
        return orders
    }

    // MARK: Sides that come and go

    /// The backend is told Close, and the session goes on; nil where it is ending.
    mutating func parts(saying payload: ClosePayload) -> SideOrder? {
        isEnding ? nil : backend.says(payload)
    }

    /// The backend's own Close is answered, and the session goes on; nil where it is ending.
    mutating func partsAnswering(_ payload: ClosePayload) -> SideOrder? {
        guard !isEnding, backend.gate.contains(.hears) else { return nil }
        backend.receives(payload)
        return backend.says(payload)
    }

    /// A side is absent from here on. False where the session is ending, and the side with it.
    mutating func leaves(_ side: SessionSide, at now: UInt64) -> Bool {
        guard !isEnding else { return false }
        self[side] = .absent(since: now)
        return true
    }

    /// A side that was absent has a new connection. False where the session is ending.
    mutating func joins(_ side: SessionSide) -> Bool {
        guard !isEnding, !self[side].isConnected else { return false }
        self[side] = .open(isMidFrame: false)
        return true
    }

    /// No message has passed for too long.
    mutating func idle(at now: UInt64) -> SessionOrders {
        close(ClosePayload(.goingAway, "idle for too long"), by: .proxy, cause: .idleTimeout, at: now)
    }

    // MARK: Draining

    /// It is to be closed before its time. False when it ends already, or for a reason that stays. With the process it ends
    /// when that does, and is told the reason that stays: that decides whether its client comes again.
    mutating func plans(_ cause: DrainCause) -> Bool {
        guard !isEnding else { return false }
        if let planned = plannedDrain, planned.isFirm, !cause.isFirm { return cause.isOfProcess }
        phase = .open(drain: cause)
        return true
    }

    /// It may stay after all. False where the reason stays.
    @discardableResult
    mutating func stays() -> Bool {
        guard !isEnding, !(plannedDrain?.isFirm ?? false) else { return false }
        phase = .open(drain: nil)
        return true
    }

    /// The time to drain has come.
    ///
    /// - Parameters:
    ///   - code: of those that are closed with the process.
    ///   - hint: when the client may come again, in milliseconds.
    mutating func drainDue(code: CloseCode, hint: UInt64, at now: UInt64) -> SessionOrders {
        guard let cause = plannedDrain else { return .none }
        return close(
            ClosePayload(cause.code(code), cause.reason(hint: hint)), by: .proxy, cause: .drain(cause),
            at: now)
    }

    /// Everything is closed at once.
    mutating func abort(by: EndedBy, cause: EndingCause) -> SessionOrders {
        var orders = SessionOrders.none
        guard !isOver else { return orders }
        note(by: by, code: nil, cause: cause)
        abortAll(&orders)
        return orders
    }

    // MARK: Parts of decisions

    private mutating func note(by: EndedBy, code: CloseCode?, reason: String = "", cause: EndingCause) {
        if ending == nil { ending = SessionEnding(by: by, code: code, reason: reason, cause: cause) }
    }

    /// A side has no connection any longer.
    private mutating func gone(_ side: SessionSide, _ cause: EndingCause, at now: UInt64) -> SessionOrders {
        var orders = SessionOrders.none
        let other = side.other
        let wasFinished = self[side].isFinished
        orders[side] = self[side].abort()
        if side == .backend, client.isConnected, case .awaitingAnswers(let violation) = phase {
            tell(.client, violation, at: now, &orders)
            return orders
        }
        guard self[other].isConnected else {
            note(by: cause.by(EndedBy(side)), code: nil, cause: cause)
            abortAll(&orders)
            return orders
        }
        if wasFinished || self[other].isFinished {
            beginEnd(at: now, &orders)
            return orders
        }
        note(by: cause.by(EndedBy(side)), code: nil, cause: cause)
        if let theirs = self[other].unanswered {
            // It waits for an answer that will not come from the other side.
            answer(other, theirs, &orders)
        } else if side == .client || gate(other).contains(.isMidFrame) {
            // The backend sees what it would see without us: a connection that ends with no Close (1006 in its API). And
            // where half a frame has been passed on to the client, no Close can be put into it.
            abortAll(&orders)
            return orders
        } else {
            orders.client = client.says(ClosePayload(.internalError, "backend connection lost"))
        }
        beginEnd(at: now, &orders)
        return orders
    }

    private mutating func tell(
        _ side: SessionSide, _ violation: ProtocolViolation, at now: UInt64, _ orders: inout SessionOrders
    ) {
        orders[side] = self[side].says(ClosePayload(violation.closeCode, violation.reason))
        // With half a frame passed on, its rest and then our Close come first; the deadline bounds that.
        orders[side].finishes = self[side].finishes().finishes
        orders.beginsEnd = orders.beginsEnd || !isEnding
        let clock = ClosingClock(limit: limit, at: now)
        phase = .closing(clock)
        orders.deadline = clock.firstLook
    }

    /// Says the Close that ends the handshake.
    private mutating func answer(_ side: SessionSide, _ close: ClosePayload, _ orders: inout SessionOrders) {
        orders[side] = self[side].says(close)
        part(side, &orders)
    }

    /// Both Close frames of a side have passed, or will when the frame under way has ended: its connection may end. The
    /// server closes first; a backend that doesn't is helped by the deadline.
    private mutating func part(_ side: SessionSide, _ orders: inout SessionOrders) {
        if side == .client { orders.client.finishes = client.finishes().finishes }
        orders[side].settles = self[side].settles
        orders[side].reads = self[side].isConnected
    }

    private mutating func beginEnd(at now: UInt64, _ orders: inout SessionOrders) {
        guard !isEnding else { return }
        let clock = ClosingClock(limit: limit, at: now)
        phase = .closing(clock)
        orders.beginsEnd = true
        orders.deadline = clock.firstLook
    }

    private mutating func abortAll(_ orders: inout SessionOrders) {
        // What was to be said in the same breath still is.
        for side in SessionSide.allCases where self[side].abort().isCut { orders[side].isCut = true }
        phase = .over
        orders.deadline = nil
        orders.isOver = true
    }
}
