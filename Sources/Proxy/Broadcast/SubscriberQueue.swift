internal import Configuration

/// What a subscriber is to be given next.
enum OnNext: Equatable {
    /// It has had everything.
    case nothing
    /// The messages of these numbers, or the first of them; when the first byte of some has gone, `taken` is to be
    /// called.
    case messages(Range<UInt64>)
    /// It lags more than its policy bears.
    case tooSlow
}

/// One subscriber's place in its feed's messages: nothing is kept for it but a number. Whole messages are left out where
/// it doesn't keep up, never parts of one. Pure.
struct SubscriberQueue: Equatable {
    private var policy: BroadcastConfiguration.SlowClient
    /// How many messages may wait: also what is replayed, for which those who have just joined are not slow.
    private var limit: UInt64
    /// The number of the message that is its turn.
    private(set) var next: UInt64
    /// Messages left out.
    private(set) var dropped: UInt64 = 0

    /// - Parameters:
    ///   - oldest: the oldest message that the feed holds.
    ///   - end: the number of the feed's next message.
    init(_ options: BroadcastConfiguration, oldest: UInt64, end: UInt64) {
        policy = options.slowClient
        limit = UInt64(options.ringCapacity)
        let replayed = UInt64(max(options.replayLast, 0))
        next = max(oldest, end - min(end, replayed))
    }

    /// Follows other options from here on.
    mutating func adopt(_ options: BroadcastConfiguration) {
        policy = options.slowClient
        limit = UInt64(options.ringCapacity)
    }

    /// Whether so much waits that its policy ends it, also while it can take nothing.
    func isTooSlow(oldest: UInt64, end: UInt64) -> Bool { policy == .close && next < floor(oldest, end) }

    /// Decides for one that can take more. One that is behind gets one message at a time: what it has not begun may
    /// still be left out.
    ///
    /// - Parameter isBehind: it could not take something at once since it last had everything.
    mutating func turn(oldest: UInt64, end: UInt64, isBehind: Bool) -> OnNext {
        guard next < end else { return .nothing }
        switch policy {
        case .close: if isTooSlow(oldest: oldest, end: end) { return .tooSlow }
        case .latest: skip(to: isBehind ? end - 1 : floor(oldest, end))
        case .dropOldest: skip(to: floor(oldest, end))
        }
        return .messages(next..<(isBehind ? next + 1 : end))
    }

    /// So many messages, from its turn's on, are under way.
    mutating func taken(_ count: Int) { next += UInt64(max(count, 0)) }

    private func floor(_ oldest: UInt64, _ end: UInt64) -> UInt64 { max(oldest, end - min(end, limit)) }

    private mutating func skip(to number: UInt64) {
        guard number > next else { return }
        dropped += number - next
        next = number
    }
}
