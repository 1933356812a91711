internal import Configuration
internal import Durations
internal import EventLoop
internal import WebSocketProtocol

/// What is to be done about a peer that may be dead.
enum OnKeepalive: Equatable {
    case wait
    /// Send a Ping now.
    case ping
    /// It is to be given up.
    case dead
    /// It takes nothing of what waits before the Ping, and that for too long.
    case stuck
}

/// Whether a peer is alive: it is asked by Pings, which enter at frame boundaries only, and judged by what moves
/// (`Progress`). Pure; nanoseconds.
struct Keepalive {
    /// A Ping that is passed on follows nothing that was heard or asked within this time.
    private static let carryRest = Duration.seconds(1).nanoseconds

    /// What had come at some time.
    struct Inflow {
        var bytes: UInt64 = 0
        var messages: UInt64 = 0
        var isMidFrame = false
    }

    var progress: Progress
    /// A Ping waits for the end of the frame that is under way.
    private var isHeld = false
    /// When the last one was sent.
    private var pingedAt: UInt64 = 0
    /// What had come when the end of this side was last looked at.
    private var lookedAt = Inflow()

    init(_ progress: Progress) { self.progress = progress }

    /// Asks a silent peer whether it is there.
    ///
    /// - Parameter gate: of what goes to the peer.
    mutating func check(at now: UInt64, _ gate: SideGate, _ outflow: () -> Outflow) -> OnKeepalive {
        switch progress.check(at: now, outflow) {
        case .wait: return .wait
        case .dead: return .dead
        case .stuck: return .stuck
        case .ping: break
        }
        guard gate.contains(.takesData) else { return .wait }
        guard !gate.contains(.isMidFrame) else {
            isHeld = true
            progress.withheld(at: now)
            return .wait
        }
        // Where what was sent before stands is what the answer is judged by.
        progress.asked(at: now, outflow())
        pingedAt = now
        return .ping
    }

    /// A frame has ended. Whether the Ping that waited for that is to be sent.
    mutating func frameEnded(at now: UInt64, _ gate: SideGate, _ outflow: () -> Outflow) -> Bool {
        guard isHeld else { return false }
        isHeld = false
        guard gate.contains(.takesData) else { return false }
        if progress.isWithheld { progress.asked(at: now, outflow()) }
        pingedAt = now
        return true
    }

    /// The other side of the session was pinged by its peer, who expects this one to be kept awake: it is asked too,
    /// unless it has just been heard, or asked. It is owed an answer only to a Ping of our own time.
    mutating func carries(at now: UInt64, _ gate: SideGate) -> Bool {
        guard gate.contains(.takesData), !progress.isAsked, !isHeld else { return false }
        let last = max(progress.lastHeard, pingedAt)
        guard now >= last, now - last >= Self.carryRest else { return false }
        guard !gate.contains(.isMidFrame) else {
            isHeld = true
            return false
        }
        pingedAt = now
        return true
    }

    /// Whether the end of this side gets on: its peer takes what is left for it, or is still in the midst of the frame in
    /// which it was.
    mutating func closesOn(_ outflow: Outflow, _ inflow: Inflow) -> Bool {
        let delivers = progress.delivers(outflow)
        let before = lookedAt
        lookedAt = inflow
        return delivers
            || before.isMidFrame && inflow.bytes > before.bytes && inflow.messages <= before.messages + 1
    }
}

extension Progress {
    /// Of a peer on this loop. Jittered, so that peers that came together are not pinged together.
    init(_ timeouts: Route.Timeouts, on loop: EventLoop) {
        self.init(
            interval: loop.random.jittered(timeouts.pingInterval, by: 0.1),
            timeout: timeouts.pongTimeout.nanoseconds,
            slowConsumer: timeouts.slowConsumer.nanoseconds, now: loop.now)
    }
}
