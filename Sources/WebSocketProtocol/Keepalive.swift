/// What keepalive asks for now.
package enum OnCheck: Equatable, Sendable {
    /// Nothing until `Keepalive.nextCheck`.
    case wait
    /// The peer has been silent for the interval: ask it.
    case ping
    /// It has not answered in time.
    case dead
}

/// Notices a peer that is gone without a word (RFC 6455, 5.5.2). Times are nanoseconds given by the caller.
///
/// Anything received since the Ping proves the peer alive: a busy one, whose Pong stands behind a long message, is
/// never ended for answering late. So Pongs need not be matched, and a Ping may say anything.
package struct Keepalive: Sendable {
    private let interval: UInt64
    private let timeout: UInt64
    private var lastHeard: UInt64
    private var pingedAt: UInt64?

    /// - Parameters:
    ///   - interval: silence before a Ping, already jittered; 0 = never.
    ///   - timeout: how long the answer may take; 0 = for ever.
    ///   - now: the time; silence counts from here.
    package init(interval: UInt64, timeout: UInt64, now: UInt64) {
        self.interval = interval
        self.timeout = timeout
        lastHeard = now
    }

    /// Bytes came from the peer.
    package mutating func heard(at now: UInt64) {
        lastHeard = now
        pingedAt = nil
    }

    /// To be called at `nextCheck` or later.
    package mutating func check(at now: UInt64) -> OnCheck {
        guard let due = nextCheck, now >= due else { return .wait }
        guard pingedAt == nil else { return .dead }
        pingedAt = now
        return .ping
    }

    /// When to look again; nil when nothing is awaited: keepalive is off, or the answer may take for ever.
    package var nextCheck: UInt64? {
        guard interval > 0 else { return nil }
        guard let pingedAt else { return Keepalive.sum(lastHeard, interval) }
        return timeout > 0 ? Keepalive.sum(pingedAt, timeout) : nil
    }

    private static func sum(_ time: UInt64, _ delay: UInt64) -> UInt64 {
        let (sum, isBeyond) = time.addingReportingOverflow(delay)
        return isBeyond ? .max : sum
    }
}
