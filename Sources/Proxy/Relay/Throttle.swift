internal import Durations
internal import WebSocketProtocol

/// What a peer sends against its limit, and until when it is not read because of it. Pure; nanoseconds.
struct Throttle {
    private static let longest = Duration.seconds(3600).nanoseconds

    private var rate: RateLimit
    private var rated: UInt64 = 0
    /// When it is read again.
    private(set) var until: UInt64 = 0
    /// How often it was left to wait.
    private(set) var count = 0

    /// - Parameter perSecond: messages; 0 = no limit.
    init(perSecond: Int) { rate = RateLimit(perSecond: perSecond) }

    /// Whether messages are counted at all.
    var isOn: Bool { rate.isOn }

    /// How long what has come must wait for more to be read; 0 = not at all.
    ///
    /// - Parameters:
    ///   - messages: all that have come.
    ///   - earliest: when the newest of them can have come.
    mutating func took(_ messages: UInt64, at now: UInt64, since earliest: UInt64) -> UInt64 {
        let new = messages &- rated
        rated = messages
        return rate.take(Int(clamping: new), at: now, since: earliest)
    }

    /// It is read again after so long. False when it waited before.
    mutating func waits(_ wait: UInt64, at now: UInt64, isWaiting: Bool) -> Bool {
        if !isWaiting { count += 1 }
        until = max(until, now &+ min(wait, Self.longest))
        return !isWaiting
    }
}
