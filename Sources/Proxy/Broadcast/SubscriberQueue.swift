internal import Configuration

/// What a subscriber is to be given next.
enum OnNext: Equatable {
    /// It has had everything.
    case nothing
    /// The message of this number; when its first byte has gone, `taken` is to be called.
    case message(UInt64)
    /// It lags more than its policy bears.
    case tooSlow
}

/// One subscriber's place in its feed's messages: nothing is kept for it but a number. Whole messages are left out where
/// it doesn't keep up, never parts of one. Pure.
struct SubscriberQueue: Equatable {
    private let policy: BroadcastConfiguration.SlowClient
    /// How many messages may wait.
    private let limit: UInt64
    /// The number of the message that is its turn.
    private(set) var next: UInt64
    /// Messages left out.
    private(set) var dropped: UInt64 = 0

    /// - Parameters:
    ///   - oldest: the oldest message that the feed holds.
    ///   - end: the number of the feed's next message.
    init(_ options: BroadcastConfiguration, oldest: UInt64, end: UInt64) {
        policy = options.slowClient
        // Those who have just joined are not slow for what is replayed to them.
        limit = UInt64(max(options.queue, options.replayLast, 1))
        let replayed = UInt64(max(options.replayLast, 0))
        next = max(oldest, end - min(end, replayed))
    }

    /// Whether so much waits that its policy ends it, also while it can take nothing.
    func isTooSlow(oldest: UInt64, end: UInt64) -> Bool { policy == .close && next < floor(oldest, end) }

    /// Decides for one that can take more.
    ///
    /// - Parameter isBehind: it could not take something at once since it last had everything.
    mutating func turn(oldest: UInt64, end: UInt64, isBehind: Bool) -> OnNext {
        guard next < end else { return .nothing }
        switch policy {
        case .close: if isTooSlow(oldest: oldest, end: end) { return .tooSlow }
        case .latest: skip(to: isBehind ? end - 1 : floor(oldest, end))
        case .dropOldest: skip(to: floor(oldest, end))
        }
        return .message(next)
    }

    /// Its turn's message is under way.
    mutating func taken() { next += 1 }

    private func floor(_ oldest: UInt64, _ end: UInt64) -> UInt64 { max(oldest, end - min(end, limit)) }

    private mutating func skip(to number: UInt64) {
        guard number > next else { return }
        dropped += number - next
        next = number
    }
}
