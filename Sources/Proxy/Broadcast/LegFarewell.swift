internal import EventLoop
internal import WebSocketProtocol

/// The last moments of an upstream connection that its feed has left: after our Close the backend has some time to end
/// it (RFC 6455, 7.1.1), and nothing that it sends is looked at.
final class LegFarewell: LegOwner, TimerTarget {
    /// Of its upstream.
    let tally: FeedTally
    private let leg: Leg
    private let worker: Worker
    private var done: ((LegFarewell) -> Void)?
    private var timer: TimerToken?
    private var clock: ClosingClock?

    init(_ leg: Leg, tally: FeedTally, worker: Worker, done: @escaping (LegFarewell) -> Void) {
        self.leg = leg
        self.tally = tally
        self.worker = worker
        self.done = done
    }

    func begin(_ payload: ClosePayload?, deadline: UInt64) {
        leg.isDeaf = true
        guard let payload else { return finish() }
        leg.owner = self
        leg.sendClose(payload)
        leg.transport.resumeReading()
        let clock = ClosingClock(limit: deadline, at: worker.loop.now)
        self.clock = clock
        timer = worker.loop.schedule(self, kind: 0, after: clock.firstLook)
    }

    func received(_ bytes: inout MutableSpan<UInt8>, from leg: Leg) {}
    func drained(_ leg: Leg) {}
    func ended(_ leg: Leg, _ error: TransportError?) { finish() }
    func timerFired(_ kind: UInt8) {
        timer = nil
        // What clients have said may still be on its way.
        let getsOn = leg.closesOn()
        guard let wait = clock?.check(at: worker.loop.now, hasMoved: getsOn) else { return finish() }
        timer = worker.loop.schedule(self, kind: 0, after: wait)
    }

    /// Waits no longer.
    func cut() { finish() }

    private func finish() {
        worker.loop.cancel(timer)
        timer = nil
        leg.owner = nil
        leg.hasEnded = true
        leg.transport.close()
        let done = self.done
        self.done = nil
        done?(self)
    }
}
