/// Tells a peer that is slow from one that takes nothing to speak of. Times are nanoseconds given by the caller.
///
/// It is asked now and then how much waits for the peer while nothing is added: as long as that shrinks the peer lives.
/// One that takes it byte by byte, e.g. by a window that it opens by one, holds memory as long as one that takes nothing.
package struct StallWatch: Equatable, Sendable {
    /// What is to be thought of the peer.
    package enum Verdict: Equatable, Sendable {
        /// Nothing waits for it.
        case idle
        /// It is to be looked at again after so long.
        case wait(UInt64)
        case stalled
    }

    /// Bytes that count as taken; where less waits, all of it.
    private static let least = 1024

    private var waiting = -1
    private var since: UInt64 = 0

    /// Nothing waits.
    package init() {}

    /// So many bytes wait from now on.
    package mutating func began(waiting: Int, at now: UInt64) {
        self.waiting = waiting
        since = now
    }

    /// The peer has taken everything.
    package mutating func ended() { waiting = -1 }

    /// Looks at what waits now; a peer that took next to nothing for `limit` is stalled.
    package mutating func check(waiting now: Int, at time: UInt64, limit: UInt64) -> Verdict {
        guard waiting >= 0 else { return .idle }
        if waiting - now >= max(min(waiting, Self.least), 1) {
            began(waiting: now, at: time)
            return .wait(limit)
        }
        let passed = time > since ? time - since : 0
        return passed >= limit ? .stalled : .wait(limit - passed)
    }
}
