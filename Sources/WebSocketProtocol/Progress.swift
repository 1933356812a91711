/// What keepalive asks for now.
package enum OnCheck: Equatable, Sendable {
    /// Nothing until `Progress.nextCheck`.
    case wait
    /// The peer has been silent for the interval: ask it, and tell by `asked` or `withheld` what came of that.
    case ping
    /// It was asked, could answer, and nothing moved.
    case dead
    /// It can't be asked, as it takes nothing of what waits before the Ping, and that for too long.
    case stuck
}

/// One side's clock of progress: the only idea of "alive" that its timers have. Times are nanoseconds given by the caller.
///
/// A peer is dead only if it was asked (a Ping has left us), could answer (we were reading all the time), and for the
/// whole timeout nothing moved in either direction: not a byte came, and not one of those on their way was taken. A slow
/// one is not. Pongs need not be matched, as anything received since the Ping proves as much (RFC 6455, 5.5.2).
package struct Progress: Sendable {
    private enum Asking: Equatable {
        case no
        /// A Ping waits for the end of a frame.
        case withheld(since: UInt64)
        /// The Ping has left when more than `behind` has.
        case asked(at: UInt64, behind: UInt64)
    }

    /// We were held up ourselves when a look comes so late.
    private static let lateness: UInt64 = 1_000_000_000

    private let interval: UInt64
    private let timeout: UInt64
    private let slowConsumer: UInt64
    /// When bytes last came, or the beginning.
    package private(set) var lastHeard: UInt64
    private var asking = Asking.no
    /// When the look that may find the peer dead is due.
    private var verdict: UInt64 = 0
    /// Since when nothing was seen to move after the Ping.
    private var standsSince: UInt64 = 0
    private var reading = Reading()
    private var stall = StallWatch()

    /// - Parameters:
    ///   - interval: silence before a Ping, already jittered; 0 = never.
    ///   - timeout: how long nothing may move after it; 0 = for ever.
    ///   - slowConsumer: how long nothing may be taken where the Ping stands behind what waits; 0 = for ever.
    ///   - now: the time; silence counts from here.
    package init(interval: UInt64, timeout: UInt64, slowConsumer: UInt64 = 0, now: UInt64) {
        self.interval = interval
        self.timeout = timeout
        self.slowConsumer = slowConsumer
        lastHeard = now
    }

    // MARK: What happens

    /// Bytes came from the peer.
    @inline(__always)
    package mutating func heard(at now: UInt64) { lastHeard = now }

    /// We no longer read what the peer sends: it can't answer.
    package mutating func stopsReading(at now: UInt64) { reading.stops(at: now) }

    /// We read again.
    package mutating func reads(at now: UInt64) { reading.goesOn(at: now) }

    /// Since when the peer has been read without a pause.
    package var readSince: UInt64 { reading.since }

    /// The earliest time at which what is read now can have come: rates are charged by that.
    package func arrival(at now: UInt64) -> UInt64 { reading.arrival(at: now) }

    // MARK: Keepalive

    /// A Ping of ours was given to the transport.
    package mutating func asked(at now: UInt64, _ outflow: Outflow) {
        if !isAsked || stall.look(outflow) > 0 { standsSince = now }
        stall.look(outflow)
        asking = .asked(at: now, behind: outflow.left &+ UInt64(clamping: outflow.held))
        verdict = Self.sum(now, timeout)
    }

    /// A Ping of ours must wait for the end of a frame.
    package mutating func withheld(at now: UInt64) { asking = .withheld(since: now) }

    /// Whether a Ping was sent that nothing has followed.
    package var isAsked: Bool {
        if case .asked(let at, _) = asking { lastHeard < at } else { false }
    }

    /// Whether a Ping of ours waits for the end of a frame, and nothing was heard since.
    package var isWithheld: Bool {
        if case .withheld(let since) = asking { lastHeard < since } else { false }
    }

    /// When to look again; nil when nothing is awaited: keepalive is off, or the answer may take for ever.
    package var nextCheck: UInt64? {
        guard interval > 0 else { return nil }
        switch asking {
        case .asked(let at, _) where lastHeard < at:
            return timeout > 0 ? max(verdict, Self.sum(reading.since, timeout)) : nil
        case .withheld(let since) where lastHeard < since:
            return Self.sum(since, timeout > 0 ? timeout : interval)
        default: return Self.sum(lastHeard, interval)
        }
    }

    /// To be called at `nextCheck` or later. The transport is asked only when something depends on it.
    package mutating func check(at now: UInt64, _ outflow: () -> Outflow) -> OnCheck {
        guard let due = nextCheck, now >= due else { return .wait }
        switch asking {
        case .asked(let at, let behind) where lastHeard < at:
            verdict = Self.sum(now, timeout)
            // What it has said meanwhile may not have been read.
            guard now - due <= Self.lateness else {
                standsSince = now
                return .wait
            }
            let (before, outflow) = (stall.last, outflow())
            let hasMoved = stall.look(outflow) > 0
            // A Ping behind what the peer has no room for has not left. What was in flight all the time asks as well.
            let hasLeft = (outflow.held == 0 || outflow.left > behind) && outflow.unsent <= outflow.held
            let isLost = before.isInFlight && outflow.acknowledged <= before.acknowledged
            if hasMoved { standsSince = now }
            if !hasMoved, reading.isOn {
                if hasLeft || isLost { return .dead }
                if slowConsumer > 0, now - standsSince >= slowConsumer { return .stuck }
            }
            // What is not read says nothing of the peer. It hears of us all the same.
            return !reading.isOn && now - at >= interval ? .ping : .wait
        case .withheld(let since) where lastHeard < since:
            asking = .withheld(since: now)
            return .wait
        default: return .ping
        }
    }

    // MARK: Slow consumers, idleness, closing

    /// Something waits for the peer, and whoever makes more of it was stopped: from here on it is to take some.
    package mutating func waits(at now: UInt64) { stall.began(at: now) }

    /// What waited has gone.
    package mutating func waitsNoMore() { stall.ended() }

    /// Whether the peer has taken enough of what waits, within the limit.
    package mutating func checkStall(
        at now: UInt64, limit: UInt64, _ outflow: Outflow
    ) -> StallWatch.Verdict {
        stall.check(outflow, at: now, limit: limit)
    }

    /// Whether anything is on its way to the peer and gets on, or was not looked at before.
    package mutating func delivers(_ outflow: Outflow) -> Bool { stall.delivers(outflow) }

    private static func sum(_ time: UInt64, _ delay: UInt64) -> UInt64 {
        let (sum, isBeyond) = time.addingReportingOverflow(delay)
        return isBeyond ? .max : sum
    }
}
