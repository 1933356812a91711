internal import Configuration
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing
internal import TLS
internal import WebSocketProtocol

/// One event loop and all that lives on it: listeners, clients, sessions, upstream pools. Nothing here is touched by
/// another thread; orders come through the loop's mailbox.
final class Worker: ClientContext {
    private var listeners: [Listener] = []
    private var onEmpty: (() -> Void)?
    private lazy var rebalancer = Rebalancer(self)
    /// What operators have ordered and not undone.
    var orders: [DrainOrder] = []
    /// Lists of sessions that are being written for operators, and messages on their way into sessions.
    let sessionDesk = SessionDesk()
    private(set) var drainEnd: UInt64 = 0
    private(set) var drainCause = DrainCause.process
    /// Another process accepts; sessions are not closed yet.
    private(set) var isLingering = false
    /// Meanwhile those are closed that no client could come back to.
    private(set) var keepsResumable = false

    /// On the thread that will run the loop.
    override init(index: Int, generation: Generation, resolver: Resolver, log: LogSinks, loop: EventLoop)
        throws(TLSError)
    {
        try super.init(index: index, generation: generation, resolver: resolver, log: log, loop: loop)
        loop.owner = self
        _ = takeUpstreams(generation.upstreams)
        rebalancer.configure()
        access.watchKeys()
    }

    // MARK: Listeners and clients

    /// Takes this worker's sockets of a listener and accepts from them.
    func listen(from handOut: ListenerHandOut) {
        while let bound = handOut.take(index) {
            let listener = Listener(bound, facts: handOut.facts, worker: self)
            listeners.append(listener)
            listener.start()
        }
    }

    /// Takes a new configuration for what begins from now on; sessions keep what they have, but for those whose route or
    /// backend is gone.
    func adopt(_ adoption: Adoption) {
        guard !isDraining else { return }
        generation = adoption.generation
        for handOut in adoption.added { listen(from: handOut) }
        var gone: [Listener] = []
        for listener in listeners {
            if let facts = adoption.facts.first(where: { $0.name == listener.facts.name }) {
                listener.facts = facts
            } else {
                gone.append(listener)
            }
        }
        listeners.removeAll { listener in gone.contains { $0 === listener } }
        // Those in their queues came before the reload.
        for listener in gone { listener.retire() }
        let left = takeUpstreams(generation.upstreams)
        rebalancer.configure()
        for upstream in left { upstream.close() }
        keepSamplers { generation.hasRoute($0) }
        access.watchKeys()
        drainStrays()
        feeds.adoptOptions()
        feeds.leaveDrainedBackends()
    }

    override func sessionBegan(_ session: LiveSession) {
        drainIfOrdered(session)
        endIfRevoked(session)
    }

    // MARK: The end

    /// Stops accepting and leaves the sessions alone; `done` when the last has gone.
    func retire(done: @escaping () -> Void) {
        onEmpty = done
        isDraining = true
        isLingering = true
        let retiring = listeners
        listeners = []
        for listener in retiring { listener.retire() }
        for client in clients { client.drain() }
        feeds.endIdle()
        for upstream in upstreams.values { upstream.rest() }
        checkEmpty()
    }

    /// While this process lingers: closes all sessions but those that clients can come back to.
    func drainOthers(over spread: UInt64) {
        guard isLingering else { return }
        keepsResumable = true
        drainEnd = loop.now &+ spread
        drainCause = .successor
        feeds.drain()
        for session in sessions where !session.isResumable { drainWithProcess(session) }
        checkEmpty()
    }

    /// Stops accepting and closes all sessions, spread over the time given; `done` when the last has gone, where nobody
    /// waits for that yet.
    func drain(over spread: UInt64, because cause: DrainCause, done: (() -> Void)?) {
        if let done { onEmpty = done }
        isDraining = true
        isLingering = false
        drainEnd = loop.now &+ spread
        drainCause = cause
        let retiring = listeners
        listeners = []
        for listener in retiring { listener.retire() }
        for upstream in upstreams.values { upstream.close() }
        for client in clients { client.drain() }
        feeds.drain()
        for session in sessions { drainWithProcess(session) }
        checkEmpty()
    }

    /// Ends the drain when nothing is left.
    override func checkEmpty() {
        guard let onEmpty, clients.isEmpty, sessions.isEmpty, feeds.isEmpty, arrivals == 0 else { return }
        self.onEmpty = nil
        onEmpty()
    }
}
