/// Tells a peer that is slow from one that takes nothing to speak of. Times are nanoseconds given by the caller.
///
/// It is shown now and then how far what was sent has got: as long as something is taken of what waits the peer lives. One
/// that takes it byte by byte, e.g. by a window that it opens by one, holds memory as long as one that takes nothing.
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
    private static let least = Taking.least

    private var isOn = false
    /// What was taken before the first look is of an earlier time.
    private var hasLooked = false
    private var since: UInt64 = 0
    private var taken: UInt64 = 0
    private var taking = Taking()

    /// Nothing waits.
    package init() {}

    /// As it was when it was last looked at.
    var last: Outflow { taking.last }

    /// How long after `began` the first look should come: it only shows where the peer stands.
    package static func firstLook(_ limit: UInt64) -> UInt64 { max(min(limit / 4, 1_000_000_000), 1) }

    /// Something waits from now on.
    package mutating func began(at now: UInt64) {
        (isOn, hasLooked, since) = (true, false, now)
    }

    /// The peer has taken everything.
    package mutating func ended() { isOn = false }

    /// How many bytes the peer has taken since the last look of whoever looked.
    @discardableResult package mutating func look(_ outflow: Outflow) -> UInt64 {
        let taken = taking.look(outflow)
        self.taken &+= taken
        return taken
    }

    /// Whether anything is on its way to the peer and gets on, or was not looked at before.
    package mutating func delivers(_ outflow: Outflow) -> Bool {
        let wasUnderWay = taking.isUnderWay
        let taken = look(outflow)
        return wasUnderWay ? taken > 0 : taking.isUnderWay
    }

    /// A peer that took next to nothing for `limit` is stalled.
    package mutating func check(_ outflow: Outflow, at time: UInt64, limit: UInt64) -> Verdict {
        guard isOn else { return .idle }
        look(outflow)
        if !hasLooked || taken >= Self.least || !taking.isUnderWay {
            (hasLooked, taken, since) = (true, 0, time)
            return .wait(limit)
        }
        let passed = time > since ? time - since : 0
        return passed >= limit ? .stalled : .wait(limit - passed)
    }
}
