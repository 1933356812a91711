internal import Configuration
internal import Durations
internal import WebSocketProtocol

/// Decides how a session goes on when its backend doesn't: when another is asked, at which point it takes over, which
/// messages wait, go again or may be lost, and when it is given up. Pure; nanoseconds.
///
/// There are two places: the side that carries the session, and the one that is to follow. What the client says goes to
/// the first as long as it carries; once that one is left, it waits for the second, which takes over when the first has
/// said its last word.
struct ContinuityMachine: ~Copyable {
    /// The connection that messages go over.
    private enum Side { case carries, parts, none }
    /// The one that follows: none is wanted, one is asked in turn among those that were lost together, or after a while, is
    /// being asked, or waits.
    private enum Next { case none, turn, due, asked, ready }

    /// Between tries.
    static let longestDelay = Duration.seconds(1).nanoseconds
    /// Between two Pings that ask what was read.
    static func pingInterval(resends: Bool) -> UInt64 { resends ? 10_000_000 : 100_000_000 }

    private let shared: ContinuityRules
    private var rules: ContinuityConfiguration { shared.values }
    /// `within`, counted; 0 = for ever.
    private var patience: UInt64 { rules.within.nanoseconds }
    private(set) var count: DeliveryCount
    private var side = Side.carries
    private var next = Next.none
    private var reason = MoveReason.loss
    /// When a move was wanted, or the backend was lost; nil while nothing is.
    @Sparse private var since: UInt64?
    /// Since when the client is without a backend.
    @Sparse private var missingSince: UInt64?
    private var delays = ReopenDelays()
    private var isCloseWaiting = false
    /// The session ends, or has: nothing is kept for another backend.
    private(set) var isOver = false
    private var tries: UInt32 = 0
    /// Messages of backends that the client has had, as far as they matter.
    private var answers: UInt32 = 0
    private var skips: UInt32 = 0
    private var streams: (client: Bool, backend: Bool) = (false, false)

    init(_ rules: ContinuityConfiguration) { self.init(ContinuityRules(rules)) }

    init(_ shared: ContinuityRules) {
        self.shared = shared
        let rules = shared.values
        let resends = rules.delivery == .atLeastOnce
        count = DeliveryCount(resends: resends, pingInterval: Self.pingInterval(resends: resends))
    }

    // MARK: What is known

    /// What the client says goes to the backend.
    var isCarried: Bool { side == .carries }
    /// No other backend is wanted.
    var isSettled: Bool { side == .carries && next == .none }
    /// There is no backend, and none is wanted.
    var isAsleep: Bool { side == .none && next == .none && !isOver }
    /// The one that carried the session is being left.
    var isParting: Bool { side == .parts }
    /// A message passes in parts, between which the session can't move.
    var isStreaming: Bool { streams.client || streams.backend }
    /// Why another backend is wanted.
    var moveReason: MoveReason { reason }

    /// When the client is to be told that there is no backend for it; nil where that is not to come.
    var deadline: UInt64? {
        guard !isOver, patience > 0, let since else { return nil }
        let (sum, isBeyond) = since.addingReportingOverflow(patience)
        return isBeyond ? nil : sum
    }

    /// How many backends were asked since another one was wanted.
    var attempts: Int { Int(tries) }

    // MARK: Messages

    /// A whole message has come from the client.
    mutating func clientMessage(at now: UInt64) -> OnClientMessage {
        count.receives()
        if isCarried {
            count.sendsAll()
            return .passes
        }
        var orders = ContinuityOrders.none
        // Whose client speaks doesn't wait for its turn. One that was refused does wait.
        if next == .turn {
            next = .due
            orders.asks = 0
        }
        goOn(at: now, &orders)
        return .waits(orders)
    }

    /// A whole message has come from a backend. Whether the client gets it.
    mutating func backendMessage() -> Bool {
        if skips > 0 {
            skips -= 1
            return false
        }
        if answers < rules.skipFirst { answers += 1 }
        return true
    }

    /// A message too large to be kept passes in parts, from a peer of this side; only while the session is carried, where
    /// it is the client's.
    mutating func streamBegins(from peer: SessionSide) {
        if peer == .client { streams.client = true } else { streams.backend = true }
    }

    /// Its end has passed.
    mutating func streamEnds(from peer: SessionSide, at now: UInt64) -> ContinuityOrders {
        if peer == .client { streams.client = false } else { streams.backend = false }
        var orders = ContinuityOrders.none
        if peer == .client {
            // Nobody has kept it, so whether it was read is not asked.
            count.receives()
            count.sendsAll()
        } else {
            _ = backendMessage()
        }
        partIfReady(at: now, &orders)
        return orders
    }

    /// When the backend is to be asked what it has read.
    var pingDue: UInt64? { isCarried && !streams.client ? count.pingDue : nil }

    mutating func pings(at now: UInt64) -> UInt64 { count.pings(at: now) }

    mutating func ponged(_ number: UInt64) -> Bool { count.ponged(number) }

    // MARK: Planned moves

    /// The session is to be carried by another backend.
    mutating func moves(_ why: MoveReason, at now: UInt64) -> ContinuityOrders {
        var orders = ContinuityOrders.none
        guard isSettled, !isOver else { return orders }
        wants(why, at: now)
        next = .due
        orders.asks = 0
        return orders
    }

    /// It may stay after all.
    mutating func stays() -> ContinuityOrders {
        var orders = ContinuityOrders.none
        guard side == .carries, next != .none else { return orders }
        next = .none
        since = nil
        orders.forgets = true
        return orders
    }

    /// Nothing was said for long enough: the backend's side is closed until something is.
    mutating func sleeps(at now: UInt64) -> ContinuityOrders {
        var orders = ContinuityOrders.none
        guard isSettled, !isOver, !isStreaming, !isCloseWaiting else { return orders }
        reason = .wake
        side = .parts
        orders.parts = true
        return orders
    }

    /// It is to have a backend again.
    mutating func wakes(at now: UInt64) -> ContinuityOrders {
        var orders = ContinuityOrders.none
        guard side != .carries, next == .none, !isOver else { return orders }
        ask(after: 0, at: now, &orders)
        return orders
    }

    // MARK: The backend's end

    /// The connection broke, or was given up.
    ///
    /// - Parameter spread: how long to wait before another is asked, so that many don't ask together.
    mutating func lost(at now: UInt64, spread: UInt64) -> ContinuityOrders {
        ended(isRead: false, at: now, spread: spread)
    }

    /// The backend has ended its connection in order.
    ///
    /// - Parameter isTaken: its kernel has taken all that was sent.
    mutating func ended(isTaken: Bool, at now: UInt64, spread: UInt64) -> ContinuityOrders {
        ended(isRead: side == .parts && isTaken, at: now, spread: spread)
    }

    /// The backend that is being left takes too long.
    mutating func partingTooLong(at now: UInt64) -> ContinuityOrders {
        side == .parts ? ended(isRead: false, at: now, spread: 0) : .none
    }

    private mutating func ended(isRead: Bool, at now: UInt64, spread: UInt64) -> ContinuityOrders {
        var orders = ContinuityOrders.none
        guard side != .none, !isOver else { return orders }
        let isPlanned = side == .parts || next != .none
        guard !isStreaming, rules.on.contains(.loss) || isPlanned else { return end(.asEver) }
        if side == .carries { wants(.loss, at: now) }
        leave(isRead: isRead, at: now, &orders)
        goOn(at: now, after: spread, &orders)
        return orders
    }

    /// The backend's Close came.
    mutating func closed(_ code: UInt16?, at now: UInt64, spread: UInt64) -> ContinuityOrders {
        var orders = ContinuityOrders.none
        guard side != .none, !isOver else { return orders }
        guard !isStreaming else { return end(.asEver) }
        switch side {
        case .parts:
            // It has answered ours, so it has read all that came before.
            leave(isRead: true, at: now, &orders)
            goOn(at: now, after: spread, &orders)
        case .carries:
            let isMoving = next != .none
            let isAway = code == 1001 || code == 1012 || code == 1013
            guard isAway, rules.on.contains(.close) || isMoving else { return end(.asEver) }
            if !isMoving { wants(.close, at: now) }
            side = .parts
            missingSince = now
            orders.answers = true
            if next == .none { ask(after: spread, at: now, &orders) }
        case .none: break
        }
        return orders
    }

    // MARK: The next one

    /// Another backend is asked now.
    mutating func asking() -> Bool {
        guard next == .due || next == .turn, !isOver else { return false }
        next = .asked
        tries &+= 1
        return true
    }

    /// It has accepted.
    mutating func accepted(at now: UInt64) -> ContinuityOrders {
        var orders = ContinuityOrders.none
        guard next == .asked, !isOver else {
            orders.forgets = true
            return orders
        }
        next = .ready
        partIfReady(at: now, &orders)
        goOn(at: now, &orders)
        return orders
    }

    /// None could be had.
    ///
    /// - Parameters:
    ///   - isGone: a backend has said that the session can't be taken up (410).
    ///   - jitter: 0 to 1.
    mutating func failed(isGone: Bool, at now: UInt64, jitter: Double) -> ContinuityOrders {
        guard next == .asked, !isOver else { return .none }
        if isGone { return end(.notResumable) }
        next = .due
        if let deadline, now >= deadline { return timeIsUp(at: now) }
        return ContinuityOrders(asks: delays.next(jitter: jitter, longest: Self.longestDelay))
    }

    /// The client has waited for long enough.
    mutating func timeIsUp(at now: UInt64) -> ContinuityOrders {
        guard let deadline, now >= deadline else { return .none }
        if side == .carries {
            next = .none
            since = nil
            return ContinuityOrders(forgets: true, ends: .asOrdered)
        }
        return end(reason == .loss ? .lost : .restarts)
    }

    // MARK: The client's end

    /// The client's Close came. False when it waits behind messages.
    mutating func clientCloses(at now: UInt64) -> Bool {
        guard !isOver, side != .carries else { return true }
        // One that is being left still has something to say.
        guard side == .parts || count.waiting > 0 else { return true }
        isCloseWaiting = true
        return false
    }

    /// The session ends, whoever has decided that.
    mutating func ends() {
        isOver = true
        next = .none
        since = nil
    }

    // MARK: Parts of decisions

    private mutating func wants(_ why: MoveReason, at now: UInt64) {
        reason = why
        if since == nil {
            since = now
            tries = 0
            delays.reset()
        }
        if why == .wake { missingSince = missingSince ?? now }
    }

    private mutating func ask(after delay: UInt64, at now: UInt64, _ orders: inout ContinuityOrders) {
        wants(reason, at: now)
        next = delay > 0 ? .turn : .due
        orders.asks = delay
    }

    private mutating func partIfReady(at now: UInt64, _ orders: inout ContinuityOrders) {
        guard side == .carries, next == .ready, !isStreaming else { return }
        side = .parts
        missingSince = now
        orders.parts = true
    }

    private mutating func leave(isRead: Bool, at now: UInt64, _ orders: inout ContinuityOrders) {
        side = .none
        if reason != .wake { missingSince = missingSince ?? now }
        orders.releases = true
        orders.uncertain = count.connectionEnds(isRead: isRead)
    }

    /// What follows from where things stand.
    private mutating func goOn(
        at now: UInt64, after delay: UInt64 = 0, _ orders: inout ContinuityOrders
    ) {
        if side == .none, next == .ready { return takeOver(at: now, &orders) }
        // One that sleeps wakes for a message.
        if side != .carries, next == .none, reason != .wake || count.waiting > 0 {
            ask(after: delay, at: now, &orders)
        }
        guard side == .none, isCloseWaiting, count.waiting == 0 else { return }
        isCloseWaiting = false
        orders.passesClose = true
    }

    private mutating func takeOver(at now: UInt64, _ orders: inout ContinuityOrders) {
        side = .carries
        next = .none
        let missed = missingSince.map { now - min($0, now) } ?? 0
        orders.takesOver = Takeover(
            replays: min(UInt64(rules.replayFirst), count.sent), from: count.sent &+ 1, missed: missed,
            reason: reason)
        since = nil
        missingSince = nil
        skips = answers
        count.sendsAll()
        guard isCloseWaiting else { return }
        isCloseWaiting = false
        orders.passesClose = true
    }

    private mutating func end(_ how: ContinuityEnd) -> ContinuityOrders {
        ends()
        return ContinuityOrders(forgets: true, ends: how)
    }
}
