internal import Configuration
internal import Durations
internal import WebSocketProtocol

/// For how long a peer is waited for that has ended its side behind bytes that are not read: as long as what it sent gets
/// on, by being looked at or by being taken where it goes. Pure; nanoseconds.
///
/// Nothing else that it could still do counts: without a Close before it, the end of its side is the end of its session
/// (RFC 6455, 7.1.5). What it sent over a rate is paid for by waiting, and that has a bound.
struct Departure: Equatable {
    /// How far what it has sent has got.
    struct Mark: Equatable {
        var bytes: UInt64 = 0
        var messages: UInt64 = 0
        /// Bytes that nobody has looked at.
        var waiting = 0
        /// Bytes that whoever it goes to has let come.
        var taken: UInt64 = 0
    }

    /// Less than that would be over before anything could have moved.
    static let shortest = Duration.seconds(1).nanoseconds

    private var clock: ClosingClock?
    private var mark = Mark()
    /// When it is to be looked at again.
    private(set) var due: UInt64

    init(at now: UInt64) { due = now }

    /// Looks where it stands, if that is due. Whether it is waited for no longer.
    ///
    /// - Parameters:
    ///   - isRated: it is not read as it has sent too much.
    ///   - limit: how long nothing may move.
    mutating func check(_ new: Mark, isRated: Bool, within limit: UInt64, at now: UInt64) -> Bool {
        guard now >= due else { return false }
        let limit = max(limit, Self.shortest)
        let hasMoved = new != mark
        mark = new
        var clock = self.clock ?? ClosingClock(limit: limit, at: now)
        if hasMoved, !isRated { clock = ClosingClock(limit: limit, at: now) }
        guard let wait = clock.check(at: now, hasMoved: hasMoved) else { return true }
        self.clock = clock
        due = now.addingReportingOverflow(wait).partialValue
        return false
    }
}

extension LiveSession {
    /// Why a peer is to be given up; nil as long as it is not.
    func lookAfter(_ peer: WebSocketPeer, at now: UInt64) -> EndingCause? {
        peer.keepAlive(at: now, to: taker, within: route.timeouts.close)
    }
}
