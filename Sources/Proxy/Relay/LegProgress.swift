internal import EventLoop
internal import WebSocketProtocol

// How a leg knows whether its peer is alive: it is asked by Pings, and judged by what moves. `Progress` decides.
extension Leg {
    /// A Ping that is passed on follows nothing that was heard or asked within this time.
    private static let carryRest: UInt64 = 1_000_000_000
    private static let pingPayload = Array("trunkline".utf8)

    /// Asks a silent peer whether it is there. Why it is to be given up; nil as long as it is not.
    func keepAlive(at now: UInt64) -> EndingCause? {
        switch progress.check(at: now, { transport.outflow }) {
        case .wait: return nil
        case .ping: ping(at: now)
        case .dead: return .pongTimeout
        case .stuck:
            worker.metrics.add(.slowConsumers, [peer.rawValue])
            return .slowConsumer
        }
        return nil
    }

    private func ping(at now: UInt64) {
        guard takesData else { return }
        guard !isMidFrame else {
            isPingHeld = true
            return progress.withheld(at: now)
        }
        // Where what was sent before stands is what the answer is judged by.
        progress.asked(at: now, transport.outflow)
        sendPing(at: now)
    }

    /// The Ping that waited for the end of a frame.
    func sendHeldPing() {
        isPingHeld = false
        guard takesData else { return }
        let now = worker.loop.now
        if progress.isWithheld { progress.asked(at: now, transport.outflow) }
        sendPing(at: now)
    }

    private func sendPing(at now: UInt64) {
        pingedAt = now
        sendControl(.ping, Self.pingPayload)
    }

    /// The other side of the session was pinged by its peer, who expects this one to be kept awake: it is asked too,
    /// unless it has just been heard, or asked. It is owed an answer only to a Ping of our own time.
    func carryPing() {
        let now = worker.loop.now
        guard takesData, !progress.isAsked, !isPingHeld else { return }
        let last = max(progress.lastHeard, pingedAt)
        guard now >= last, now - last >= Self.carryRest else { return }
        if isMidFrame { isPingHeld = true } else { sendPing(at: now) }
    }

    // MARK: Closing

    /// Whether the end of this leg gets on: its peer takes what is left for it, or is still in the midst of the frame in
    /// which it was.
    func closesOn() -> Bool {
        let delivers = progress.delivers(transport.outflow)
        let before = lookedAt
        lookedAt = Inflow(
            bytes: tally.bytesReceived, messages: tally.messagesReceived, isMidFrame: frames.isMidFrame)
        return delivers
            || before.isMidFrame && lookedAt.bytes > before.bytes && lookedAt.messages <= before.messages + 1
    }

    /// What had come at some time.
    struct Inflow {
        var bytes: UInt64 = 0
        var messages: UInt64 = 0
        var isMidFrame = false
    }
}

extension Progress {
    /// Of a leg on this loop. Jittered, so that peers that came together are not pinged together.
    init(_ timeouts: Route.Timeouts, on loop: EventLoop) {
        self.init(
            interval: loop.random.jittered(timeouts.pingInterval, by: 0.1), timeout: timeouts.pongTimeout,
            slowConsumer: timeouts.slowConsumer, now: loop.now)
    }
}
