/// When one peer is read, and what that says of the time at which its bytes came. Pure; nanoseconds.
struct Reading: Equatable, Sendable {
    /// No more than this is taken for having waited.
    static let longestWait: UInt64 = 60_000_000_000

    private(set) var isOn = true
    /// Read without a pause since then.
    private(set) var since: UInt64 = 0
    /// What is read before `caughtUp` may have come from `waiting` on.
    private var waiting: UInt64 = 0
    private var caughtUp: UInt64 = 0

    /// Reading pauses.
    mutating func stops(at now: UInt64) {
        guard isOn else { return }
        isOn = false
        // One that pauses again and again is still with what came in the first of the pauses.
        if now >= caughtUp { waiting = now }
    }

    /// Reading goes on.
    mutating func goesOn(at now: UInt64) {
        guard !isOn else { return }
        isOn = true
        since = now
        caughtUp = now.addingReportingOverflow(now - min(waiting, now)).partialValue
    }

    /// The earliest time at which what is read now can have come. After a pause it is the pause's beginning, for as long
    /// as the pause took: what waited may stand behind the peer's own buffers too.
    func arrival(at now: UInt64) -> UInt64 {
        // What was read before the pause may be looked at in its midst.
        guard !isOn || now < caughtUp else { return now }
        return max(waiting, now - min(Self.longestWait, now))
    }
}
