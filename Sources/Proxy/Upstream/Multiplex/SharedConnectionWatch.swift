internal import Durations
internal import WebSocketProtocol

/// Judges by PINGs (RFC 9113, 6.7) and by what moves whether a connection gets on. Pure: it is asked once a `step`.
///
/// A connection is stalled when one of its directions stands: whatever holds it up holds up all its streams. A pong that is
/// late says nothing by itself, as a backend that is busy answers when it gets round to it; that not a byte came since
/// says that nothing gets through. One that is silent for much longer, and takes nothing either, is dead: what its kernel
/// acknowledges counts as taken.
struct SharedConnectionWatch {
    enum OnCheck: Equatable {
        case wait
        case ping
        /// It was asked, and nothing moved.
        case dead
        /// It takes nothing of what waits for it.
        case unread
    }

    /// How long what may take, in nanoseconds; 0 = for ever.
    struct Limits: Equatable {
        /// Between two PINGs on an idle connection; 0 = none.
        var interval: UInt64
        /// For a pong, or for anything else to move.
        var timeout: UInt64
        /// For something to be taken of what waits.
        var slowConsumer: UInt64
    }

    /// Between two looks, in nanoseconds, and between two PINGs while something moves.
    static let step = Duration.seconds(1).nanoseconds
    /// A direction that stands for longer, though there is something to be moved, is stalled.
    static let patience = Duration.seconds(3).nanoseconds
    /// A PING with its frame header: what moves on an idle connection.
    private static let pingSize: UInt64 = 17

    private let limits: Limits
    private var received: UInt64 = 0
    private var sent: UInt64 = 0
    private var lastPing: UInt64
    private var pingedAt: UInt64?
    private var lastHeard: UInt64
    /// Bytes that the kernel has taken, in all, and since when nothing is taken though some wait.
    private var taken: UInt64 = 0
    private var stuckSince: UInt64?
    /// What the peer's own kernel has taken, and when that last moved.
    private var taking = StallWatch()
    private var hasLooked = false
    private var lastMoved: UInt64

    init(_ limits: Limits, now: UInt64) {
        self.limits = limits
        lastPing = now
        lastHeard = now
        lastMoved = now
    }

    mutating func ponged() { pingedAt = nil }

    func isStalled(at now: UInt64) -> Bool {
        silence(at: now) > Self.patience || stuckSince.map { now - min($0, now) >= Self.patience } ?? false
    }

    /// For how long a pong is owed, and nothing else came either.
    private func silence(at now: UInt64) -> UInt64 {
        pingedAt.map { now - min(max($0, lastHeard), now) } ?? 0
    }

    /// - Parameters:
    ///   - received: bytes that have come, in all.
    ///   - sent: bytes that were given to the connection, in all.
    ///   - waiting: those of them that the kernel has not taken.
    ///   - outflow: what the kernel says of the rest; asked only when something depends on it.
    mutating func check(
        at now: UInt64, received: UInt64, sent: UInt64, waiting: Int, _ outflow: () -> Outflow
    ) -> OnCheck {
        let isBusy = received &- self.received > Self.pingSize || sent &- self.sent > Self.pingSize
        if received != self.received { lastHeard = now }
        let taken = sent &- UInt64(clamping: waiting)
        let hasTaken = taken != self.taken
        (self.received, self.sent, self.taken) = (received, sent, taken)
        noteTaking(at: now, isWaiting: waiting > 0, hasTaken: hasTaken, outflow)
        if let stuckSince, limits.slowConsumer > 0, now - min(stuckSince, now) >= limits.slowConsumer {
            return .unread
        }
        if pingedAt != nil { return isDead(at: now, outflow) ? .dead : .wait }
        // One that would have to wait here asks nobody.
        guard waiting == 0 else { return .wait }
        guard isBusy || limits.interval > 0 && now - min(lastPing, now) >= limits.interval else {
            return .wait
        }
        (lastPing, pingedAt, hasLooked) = (now, now, false)
        return .ping
    }

    private mutating func noteTaking(
        at now: UInt64, isWaiting: Bool, hasTaken: Bool, _ outflow: () -> Outflow
    ) {
        guard isWaiting else { return stuckSince = nil }
        guard let since = stuckSince, !hasTaken else {
            taking.look(outflow())
            return stuckSince = now
        }
        guard now - min(since, now) >= Self.patience, taking.look(outflow()) > 0 else { return }
        (stuckSince, lastMoved) = (now, now)
    }

    private mutating func isDead(at now: UInt64, _ outflow: () -> Outflow) -> Bool {
        guard limits.timeout > 0 else { return false }
        let silence = silence(at: now)
        if !hasLooked, silence > limits.timeout / 2 {
            hasLooked = true
            taking.look(outflow())
        }
        guard silence > limits.timeout, now - min(lastMoved, now) > limits.timeout else { return false }
        guard taking.look(outflow()) > 0 else { return true }
        lastMoved = now
        return false
    }
}
