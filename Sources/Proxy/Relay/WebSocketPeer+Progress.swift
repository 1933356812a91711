internal import EventLoop
internal import WebSocketProtocol

// Whether a side gets on, as its clock of progress tells (rule 10 of the data plane).
extension WebSocketPeer {
    /// When it is to be looked after again; nil where nothing is awaited.
    var nextCheck: UInt64? {
        guard endsUnread else { return keepalive.progress.nextCheck }
        return side == .client ? departureDue : nil
    }

    /// Whether anything is on its way to it and gets on.
    func delivers() -> Bool { keepalive.progress.delivers(transport.outflow) }

    /// Whether its end gets on.
    func closesOn() -> Bool {
        keepalive.closesOn(
            transport.outflow,
            Keepalive.Inflow(
                bytes: tally.bytesReceived, messages: tally.messagesReceived, isMidFrame: frames.isMidFrame))
    }

    /// Something waits for it: from here on it is to take some.
    func mustTake() { keepalive.progress.waits(at: worker.loop.now) }

    /// What waited has gone.
    func hasTaken() { keepalive.progress.waitsNoMore() }

    /// Whether it has taken nothing at all for too long, and is to be given up; a slow one that takes something is not.
    ///
    /// - Parameter next: the earliest time to look again, in nanoseconds from now.
    func stalls(_ limit: UInt64, _ next: inout UInt64?) -> EndingCause? {
        switch keepalive.progress.checkStall(at: worker.loop.now, limit: limit, transport.outflow) {
        case .idle: return nil
        case .wait(let time):
            next = min(next ?? time, time)
            return nil
        case .stalled: return slowConsumer()
        }
    }

    /// It is given up for it, and counted.
    func slowConsumer() -> EndingCause {
        worker.metrics.add(.slowConsumers, [side.rawValue])
        return .slowConsumer
    }
}
