internal import EventLoop
internal import WebSocketProtocol

/// The last moments of a connection that nobody needs any more: after the Closes it ends as RFC 6455, 7.1.1 wants it, and
/// nothing that the peer sends is looked at. It keeps itself until then.
final class Farewell: PeerOwner, TimerTarget {
    private let peer: WebSocketPeer
    private let worker: SessionContext
    private var timer: TimerToken?
    private var machine: SessionMachine
    private var keptAlive: Farewell?

    /// - Parameters:
    ///   - state: what was said on it.
    ///   - deadline: how long nothing may move.
    init(_ peer: WebSocketPeer, _ state: consuming SideState, worker: SessionContext, deadline: UInt64) {
        self.peer = peer
        self.worker = worker
        let nobody = SideState.absent(since: worker.loop.now)
        machine =
            peer.side == .backend
            ? SessionMachine(client: nobody, backend: state, closingWithin: deadline)
            : SessionMachine(client: state, backend: nobody, closingWithin: deadline)
    }

    /// - Parameter payload: what the peer is told; nil where it has been told.
    func begin(_ payload: ClosePayload?) {
        keptAlive = self
        peer.start(for: self)
        carryOut(
            machine.close(
                payload ?? ClosePayload(.goingAway, ""), by: .proxy, cause: .close, at: worker.loop.now))
        // Its answer would not be looked at, so it is not waited for.
        if peer.side == .client { peer.transport.finish() }
    }

    private func carryOut(_ orders: SessionOrders) {
        peer.carryOut(orders[peer.side], machine.gate(peer.side))
        if orders.beginsEnd {
            peer.flowAgain()
            peer.goOn()
        }
        if let deadline = orders.deadline {
            worker.loop.cancel(timer)
            timer = worker.loop.schedule(self, kind: 0, after: deadline)
        }
        if orders.isOver { finish() }
    }

    func received(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer) {}
    func flushed(_ peer: WebSocketPeer) {}
    func ended(_ peer: WebSocketPeer, _ error: TransportError?) {
        let cause = error.map { EndingCause.connectionLost($0.description) }
        // The peer's end is all that is waited for.
        carryOut(machine.ended(peer.side, cause ?? .close, isSettled: true, at: worker.loop.now))
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        carryOut(machine.deadlinePassed(at: worker.loop.now, getsOn: peer.closesOn()))
    }

    private func finish() {
        worker.loop.cancel(timer)
        timer = nil
        peer.owner = nil
        keptAlive = nil
    }
}
