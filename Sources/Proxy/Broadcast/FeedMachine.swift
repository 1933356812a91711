/// What becomes of a feed that has no upstream connection.
enum OnFeedLoss: Equatable {
    /// It is asked for again after so many nanoseconds.
    case reopen(after: UInt64)
    /// Its clients are told to come again.
    case giveUp
}

/// Decides when a feed's upstream connection is opened again, and for how long its clients are kept without. Times are
/// nanoseconds. Pure.
struct FeedMachine: Equatable {
    private enum State: Equatable {
        /// Never open, or given up.
        case closed
        case open(since: UInt64)
        case lost(since: UInt64)
    }

    private var reopens: Bool
    /// 0 = for ever.
    private var patience: UInt64
    private var state = State.closed
    private var delays = ReopenDelays()

    /// - Parameters:
    ///   - reopens: whether clients stay when the connection is lost.
    ///   - within: how long they do; 0 = for ever.
    init(reopens: Bool, within: UInt64) {
        self.reopens = reopens
        patience = within
    }

    /// Decides by other rules from here on.
    mutating func adopt(reopens: Bool, within: UInt64) {
        self.reopens = reopens
        patience = within
    }

    /// For how much longer clients are kept without a connection, while that is bounded.
    func patienceLeft(at now: UInt64) -> UInt64? {
        guard reopens, patience > 0, case .lost = state else { return nil }
        return patience - min(missing(at: now), patience)
    }

    /// For how long nobody has been connected, while that lasts.
    func missing(at now: UInt64) -> UInt64 {
        guard case .lost(let since) = state else { return 0 }
        return now - min(since, now)
    }

    /// A backend has accepted. Returns for how long nobody was connected; 0 for the first time.
    mutating func opened(at now: UInt64) -> UInt64 {
        defer { state = .open(since: now) }
        return missing(at: now)
    }

    /// The connection is gone. One that had lasted begins the back-off anew: a backend that accepts and drops is not to
    /// be hammered.
    ///
    /// - Parameter jitter: 0 to 1.
    mutating func lost(at now: UInt64, jitter: Double) -> OnFeedLoss {
        guard reopens, case .open(let since) = state else {
            state = .closed
            return .giveUp
        }
        if now - min(since, now) >= ReopenDelays.longest { delays.reset() }
        state = .lost(since: now)
        return again(at: now, jitter)
    }

    /// The feed has left its backend of its own accord, and asks for another at once.
    mutating func left(at now: UInt64) { state = .lost(since: now) }

    /// No backend could be had.
    mutating func failed(at now: UInt64, jitter: Double) -> OnFeedLoss {
        guard reopens, case .lost = state else {
            state = .closed
            return .giveUp
        }
        return again(at: now, jitter)
    }

    private mutating func again(at now: UInt64, _ jitter: Double) -> OnFeedLoss {
        let after = delays.next(jitter: jitter)
        guard case .lost(let since) = state, patience > 0, now - min(since, now) >= patience else {
            return .reopen(after: after)
        }
        return .giveUp
    }
}
