/// Whether a session is idle: no message has ended, none of which a part has come goes on coming, and nothing of those
/// that have gets on. Pure; nanoseconds.
struct Idleness {
    private var messages: UInt64 = 0
    private var bytes: UInt64 = 0
    private var since: UInt64

    init(at now: UInt64) { since = now }

    /// When it may be idle for so long, at the earliest.
    func due(_ limit: UInt64) -> UInt64 {
        let (sum, isBeyond) = since.addingReportingOverflow(limit)
        return isBeyond ? .max : sum
    }

    /// Whether messages have passed since the last look.
    ///
    /// - Parameter messages: all that have.
    mutating func hasPassed(_ messages: UInt64, at now: UInt64) -> Bool {
        guard messages != self.messages else { return false }
        self.messages = messages
        since = now
        return true
    }

    /// Whether it has been idle for the limit.
    ///
    /// - Parameters:
    ///   - bytes: all that have come.
    ///   - isMidMessage: a part of a message has come.
    ///   - delivers: whether anything on its way gets on; asked only where that decides.
    mutating func isReached(
        _ limit: UInt64, bytes: UInt64, isMidMessage: Bool, at now: UInt64, delivers: () -> Bool
    ) -> Bool {
        if bytes != self.bytes, isMidMessage { since = now }
        self.bytes = bytes
        guard now >= due(limit) else { return false }
        guard delivers() else { return true }
        since = now
        return false
    }
}
