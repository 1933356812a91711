/// Judges by PINGs (RFC 9113, 6.7) and by what waits whether a connection gets on. Pure: it is asked once a `step`.
///
/// A connection that owes a pong for long, or takes none of what waits for it, is stalled: whatever holds it up holds up
/// all its streams. One that is silent for much longer, pong and all, is dead.
struct LineWatch {
    enum OnCheck: Equatable { case wait, ping, dead }

    /// Between two looks, in nanoseconds, and between two PINGs while something moves.
    static let step: UInt64 = 1_000_000_000
    /// A pong that takes longer means that the line is stalled.
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
    private var waited = 0
    private var takesNothing = false

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
        takesNothing || pingedAt.map { now - min($0, now) > Self.patience } ?? false
    }

    /// - Parameters:
    ///   - received: bytes that have come, in all.
    ///   - sent: bytes that were given to the connection, in all.
    ///   - waiting: those of them that the kernel has not taken.
    mutating func check(at now: UInt64, received: UInt64, sent: UInt64, waiting: Int) -> OnCheck {
        let isBusy = received &- self.received > Self.pingSize || sent &- self.sent > Self.pingSize
        if received != self.received { lastHeard = now }
        (self.received, self.sent) = (received, sent)
        takesNothing = waiting > 0 && waited > 0 && waiting >= waited
        waited = waiting
        if let pingedAt {
            // What comes in meanwhile shows that the peer lives, though its pong is stuck behind it.
            let silence = now - min(max(pingedAt, lastHeard), now)
            return timeout > 0 && silence > timeout ? .dead : .wait
        }
        guard isBusy || interval > 0 && now - min(lastPing, now) >= interval else { return .wait }
        lastPing = now
        pingedAt = now
        return .ping
    }
}
