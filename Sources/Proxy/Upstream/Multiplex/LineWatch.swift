/// Judges by PINGs (RFC 9113, 6.7) and by what moves whether a connection gets on. Pure: it is asked once a `step`.
///
/// A line is stalled when one of its directions stands: whatever holds it up holds up all its streams. A pong that is
/// late says nothing by itself, as a backend that is busy answers when it gets round to it; that not a byte came since
/// says that nothing gets through. One that is silent for much longer is dead.
struct LineWatch {
    enum OnCheck: Equatable { case wait, ping, dead }

    /// Between two looks, in nanoseconds, and between two PINGs while something moves.
    static let step: UInt64 = 1_000_000_000
    /// A direction that stands for longer, though there is something to be moved, is stalled.
    static let patience: UInt64 = 3_000_000_000
    /// A PING with its frame header: what moves on an idle line.
    private static let pingSize: UInt64 = 17

    private let interval: UInt64
    private let timeout: UInt64
    private var received: UInt64 = 0
    private var sent: UInt64 = 0
    private var lastPing: UInt64
    private var pingedAt: UInt64?
    private var lastHeard: UInt64
    /// Bytes that the kernel has taken, in all, and since when there are no more though some wait.
    private var taken: UInt64 = 0
    private var stuckSince: UInt64?

    /// - Parameters:
    ///   - interval: between two PINGs on an idle line; 0 = none.
    ///   - timeout: how long a pong may take before the line is given up; 0 = for ever.
    init(interval: UInt64, timeout: UInt64, now: UInt64) {
        self.interval = interval
        self.timeout = timeout
        lastPing = now
        lastHeard = now
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
    mutating func check(at now: UInt64, received: UInt64, sent: UInt64, waiting: Int) -> OnCheck {
        let isBusy = received &- self.received > Self.pingSize || sent &- self.sent > Self.pingSize
        if received != self.received { lastHeard = now }
        let taken = sent &- UInt64(clamping: waiting)
        if waiting == 0 {
            stuckSince = nil
        } else if stuckSince == nil || taken != self.taken {
            stuckSince = now
        }
        (self.received, self.sent, self.taken) = (received, sent, taken)
        guard pingedAt == nil else {
            return timeout > 0 && silence(at: now) > timeout ? .dead : .wait
        }
        guard isBusy || interval > 0 && now - min(lastPing, now) >= interval else { return .wait }
        lastPing = now
        pingedAt = now
        return .ping
    }
}
