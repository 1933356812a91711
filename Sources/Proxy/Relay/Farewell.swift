internal import Durations
internal import EventLoop
internal import WebSocketProtocol

/// The last moments of a connection that nobody needs any more: after the Closes it ends as RFC 6455, 7.1.1 wants it, and
/// nothing that the peer sends is looked at. It keeps itself until then.
final class Farewell: PeerOwner, TimerTarget {
    /// How long nothing may move on a connection that nobody needs any more.
    static let patience = Duration.seconds(2).nanoseconds

    private let peer: WebSocketPeer
    private let loop: EventLoop
    private var done: (() -> Void)?
    private var timer: TimerToken?
    private var machine: SessionMachine
    private var keptAlive: Farewell?

    /// - Parameters:
    ///   - state: what was said on it.
    ///   - deadline: how long nothing may move.
    ///   - done: called once, when the connection has ended.
    init(
        _ peer: WebSocketPeer, _ state: consuming SideState, on loop: EventLoop, deadline: UInt64,
        done: @escaping () -> Void = {}
    ) {
        self.peer = peer
        self.loop = loop
        self.done = done
        let nobody = SideState.absent(since: loop.now)
        machine =
            peer.side == .backend
            ? SessionMachine(client: nobody, backend: state, closingWithin: deadline)
            : SessionMachine(client: state, backend: nobody, closingWithin: deadline)
    }

    /// Closes a connection on which no Close has passed.
    static func say(_ payload: ClosePayload, to peer: WebSocketPeer, on loop: EventLoop) {
        Farewell(peer, .open(isMidFrame: false), on: loop, deadline: patience).begin(payload)
    }

    /// Waits for the end of a connection on which both Closes have passed: the peer is to end it.
    static func awaitEnd(of peer: WebSocketPeer, on loop: EventLoop) {
        Farewell(peer, .parted, on: loop, deadline: patience).begin(nil)
    }

    /// - Parameter payload: what the peer is told; nil where it has been told.
    func begin(_ payload: ClosePayload?) {
        keptAlive = self
        peer.start(for: self)
        carryOut(
            machine.close(payload ?? ClosePayload(.goingAway, ""), by: .proxy, cause: .close, at: loop.now))
        // Its answer would not be looked at, so it is not waited for.
        if peer.side == .client { peer.transport.finish() }
    }

    /// Waits no longer, or not at all.
    func abort() {
        peer.owner = self
        carryOut(machine.abort(by: .proxy, cause: .close))
    }

    private func carryOut(_ orders: SessionOrders) {
        peer.carryOut(orders[peer.side], machine.gate(peer.side))
        // One that was never read is read from here on, so that its end is seen.
        if orders.beginsEnd {
            if peer.holds.isEmpty { peer.goOn() } else { peer.flowAgain() }
        }
        if let deadline = orders.deadline {
            loop.cancel(timer)
            timer = loop.schedule(self, kind: 0, after: deadline)
        }
        if orders.isOver { finish() }
    }

    func received(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer) {}
    func flushed(_ peer: WebSocketPeer) {}
    func ended(_ peer: WebSocketPeer, _ error: TransportError?) {
        let cause = error.map { EndingCause.connectionLost($0.description) }
        // The peer's end is all that is waited for.
        carryOut(machine.ended(peer.side, cause ?? .close, isSettled: true, at: loop.now))
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        // What was said before may still be on its way.
        carryOut(machine.deadlinePassed(at: loop.now, getsOn: peer.closesOn()))
    }

    private func finish() {
        loop.cancel(timer)
        timer = nil
        peer.owner = nil
        let done = self.done
        self.done = nil
        keptAlive = nil
        done?()
    }
}
