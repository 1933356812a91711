internal import EventLoop
internal import WebSocketProtocol

/// The last moments of an upstream connection that its feed has left: after our Close the backend has some time to end
/// it (RFC 6455, 7.1.1), and nothing that it sends is looked at.
final class FeedFarewell: PeerOwner, TimerTarget {
    /// Of its upstream.
    let tally: FeedTally
    private let peer: WebSocketPeer
    private let worker: LoopContext
    private var done: ((FeedFarewell) -> Void)?
    private var timer: TimerToken?
    private var machine: SessionMachine

    /// - Parameter deadline: how long nothing may move.
    init(
        _ peer: WebSocketPeer, tally: FeedTally, worker: LoopContext, deadline: UInt64,
        done: @escaping (FeedFarewell) -> Void
    ) {
        self.peer = peer
        self.tally = tally
        self.worker = worker
        self.done = done
        machine = SessionMachine(
            client: .absent(since: worker.loop.now), backend: .open(isMidFrame: false),
            closingWithin: deadline)
    }

    /// - Parameter payload: what the backend is told; nil = the connection is closed at once.
    func begin(_ payload: ClosePayload?) {
        peer.owner = self
        guard let payload else { return abort() }
        carryOut(machine.close(payload, by: .proxy, cause: .close, at: worker.loop.now))
    }

    private func carryOut(_ orders: SessionOrders) {
        peer.carryOut(orders.backend, machine.gate(.backend))
        if orders.beginsEnd { peer.flowAgain() }
        if let deadline = orders.deadline { arm(deadline) }
        if orders.isOver { finish() }
    }

    private func arm(_ deadline: UInt64) {
        worker.loop.cancel(timer)
        timer = worker.loop.schedule(self, kind: 0, after: deadline)
    }

    func received(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer) {}
    func flushed(_ peer: WebSocketPeer) {}
    func ended(_ peer: WebSocketPeer, _ error: TransportError?) {
        carryOut(
            machine.ended(
                .backend, error.map { .connectionLost($0.description) }, isSettled: true, at: worker.loop.now)
        )
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        // What clients have said may still be on its way.
        carryOut(machine.deadlinePassed(at: worker.loop.now, getsOn: peer.closesOn()))
    }

    /// Waits no longer.
    func abort() { carryOut(machine.abort(by: .proxy, cause: .close)) }

    private func finish() {
        worker.loop.cancel(timer)
        timer = nil
        peer.owner = nil
        let done = self.done
        self.done = nil
        done?(self)
    }
}
