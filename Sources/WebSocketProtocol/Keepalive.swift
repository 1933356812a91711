/// What keepalive asks for now.
package enum OnCheck: Equatable, Sendable {
    case wait
    /// The peer has been silent for the interval: ask it.
    case ping
    /// It has not answered in time.
    case dead
}

/// Notices a peer that is gone without a word (RFC 6455, 5.5.2). Times are nanoseconds given by the caller.
///
/// Anything received since the Ping proves the peer alive: a busy one is never ended for answering late.
package struct Keepalive: Sendable {
    private let interval: UInt64
    private let timeout: UInt64
    private var lastHeard: UInt64
    private var pingedAt: UInt64?

    /// - Parameters:
    ///   - interval: silence before a Ping, already jittered; 0 = never.
    ///   - timeout: how long the answer may take; 0 = for ever.
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
        guard interval > 0 else { return .wait }
        if let pingedAt {
            return timeout > 0 && now >= pingedAt + timeout ? .dead : .wait
        }
        guard now >= lastHeard + interval else { return .wait }
        pingedAt = now
        return .ping
    }

    /// When to look again; nil when keepalive is off.
    package var nextCheck: UInt64? {
        guard interval > 0 else { return nil }
        if let pingedAt { return timeout > 0 ? pingedAt + timeout : nil }
        return lastHeard + interval
    }
}
