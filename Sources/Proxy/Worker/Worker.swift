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
final class Worker {
    let index: Int
    let loop: EventLoop
    let wire: TLSWire
    let sendBatch: SendBatch
    let log: EventLog
    let metrics: WorkerMetrics
    private(set) var generation: Generation
    /// The generation's, with patterns of this worker's own.
    private(set) var routes: RouteTable
    private let resolver: Resolver
    private(set) var upstreams: [String: Upstream] = [:]
    let multiplexPools = MultiplexPools()
    private var listeners: [Listener] = []
    private(set) var clients: [any LiveClient] = []
    private(set) var sessions: [LiveSession] = []
    /// Where searches wait for a place with a backend.
    let desk = AdmissionDesk()
    private var lookups: [UInt64: (Resolver.Answer) -> Void] = [:]
    private var nextLookup: UInt64 = 0
    let scratch = ScratchStack()
    var inflation = TurnBudget()
    let http2Buffers = HTTP2Buffers()
    private(set) lazy var feeds = FeedHub(worker: self)
    private(set) lazy var access = AccessDesk(self)
    let contextMemory: ContextMemory
    private var samplers: [Direction: ShrinkSampler] = [:]
    private var onEmpty: (() -> Void)?
    private(set) lazy var rebalancer = Rebalancer(self)
    /// What operators have ordered and not undone.
    var orders: [DrainOrder] = []
    private(set) var drainEnd: UInt64 = 0
    private(set) var drainCause = DrainCause.process
    /// Of sessions that a drain of the process closes.
    var drainCode: CloseCode { CloseCode(rawValue: generation.configuration.drainCloseCode) }

    /// On the thread that will run the loop.
    init(index: Int, generation: Generation, resolver: Resolver, log: LogSinks, loop: EventLoop)
        throws(TLSError)
    {
        self.index = index
        self.generation = generation
        routes = generation.table()
        self.resolver = resolver
        metrics = WorkerMetrics()
        self.log = EventLog(log, metrics: metrics)
        self.loop = loop
        let budget = generation.configuration.compression.memoryBudget
        let workers = generation.configuration.workers ?? Machine.usableProcessors
        contextMemory = ContextMemory(budget: budget > 0 ? max(budget / max(workers, 1), 1) : 0)
        wire = try WireSetup.make(on: loop, log: self.log, isFirst: index == 0)
        sendBatch = SendBatch(wire)
        loop.owner = self
        self.log.masks.names = generation.maskedParameters
        loop.memory.onCut = { [log = self.log] in log.cutForMemory($0) }
        openUpstreams()
        access.watchKeys()
    }

    var headLimits: HeadLimits { generation.configuration.limits.head }
    private(set) var isDraining = false
    /// Connections that are no clients yet.
    var arrivals = 0 {
        didSet { if arrivals == 0 { checkEmpty() } }
    }
    var sessionCount: Int { sessions.count }

    // MARK: Listeners and clients

    /// Takes this worker's sockets of a listener and accepts from them.
    func listen(from handOut: ListenerHandOut) {
        while let bound = handOut.take(index) {
            let listener = Listener(bound, facts: handOut.facts, worker: self)
            listeners.append(listener)
            listener.start()
        }
    }

    func admit(_ client: any LiveClient) {
        client.position = clients.count
        clients.append(client)
        client.start()
    }

    func forget(_ client: any LiveClient) {
        let position = client.position
        guard position >= 0, position < clients.count else { return }
        client.position = -1
        let last = clients.removeLast()
        if last !== client {
            clients[position] = last
            last.position = position
        }
        checkEmpty()
    }

    // MARK: Sessions

    func begin(_ session: LiveSession) {
        session.position = sessions.count
        sessions.append(session)
        session.start()
        session.lease?.begin(session)
        drainIfOrdered(session)
    }

    func sessionEnded(_ session: LiveSession) {
        let position = session.position
        guard position >= 0, position < sessions.count else { return }
        session.position = -1
        let last = sessions.removeLast()
        if last !== session {
            sessions[position] = last
            last.position = position
        }
        session.lease?.end()
        log.sessionEnded(session, at: loop.now)
        checkEmpty()
    }

    // MARK: Upstreams

    func upstream(_ name: String) -> Upstream? { upstreams[name] }

    /// Takes a new configuration for what begins from now on; sessions keep what they have, but for those whose route or
    /// backend is gone.
    func adopt(_ adoption: Adoption) {
        guard !isDraining else { return }
        generation = adoption.generation
        routes = generation.table()
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
        // Whoever is in their queues came before the reload.
        for listener in gone { listener.retire() }
        let old = upstreams
        openUpstreams()
        for (name, upstream) in old where upstreams[name] !== upstream { upstream.close() }
        samplers = samplers.filter { generation.hasRoute($0.key.route) }
        log.masks.names = generation.maskedParameters
        access.watchKeys()
        drainStrays()
        feeds.adoptOptions()
        feeds.leaveDrainedBackends()
    }

    private func openUpstreams() {
        // One that is as it was keeps its connections.
        let old = upstreams
        upstreams = Dictionary(
            uniqueKeysWithValues: generation.upstreams.map { name, settings in
                let same = old[name].flatMap { $0.settings.isSame(as: settings) ? $0 : nil }
                return (name, same ?? Upstream(settings, worker: self))
            })
        rebalancer.configure()
    }

    /// The messages of a route that go to one side.
    private struct Direction: Hashable {
        let route: String
        let peer: SessionSide
    }

    /// What is known of how a route's messages to one side shrink.
    func sampler(for route: Route, towards peer: SessionSide) -> ShrinkSampler {
        let key = Direction(route: route.name, peer: peer)
        if let sampler = samplers[key] { return sampler }
        let sampler = ShrinkSampler()
        samplers[key] = sampler
        return sampler
    }

    /// Looks a name up off the loop; `done` runs on it.
    func resolve(_ name: String, port: UInt16, done: @escaping (Resolver.Answer) -> Void) {
        let id = nextLookup
        nextLookup &+= 1
        lookups[id] = done
        resolver.resolve(name, port: port, answerTo: loop.mailbox) { loop, answer in
            (loop.owner as? Worker)?.lookups.removeValue(forKey: id)?(answer)
        }
    }

    /// Runs `work` after the delay.
    func after(_ delay: UInt64, _ work: @escaping () -> Void) {
        _ = loop.schedule(DelayedWork(work), kind: 0, after: delay)
    }

    private final class DelayedWork: TimerTarget {
        private let work: () -> Void
        init(_ work: @escaping () -> Void) { self.work = work }
        func timerFired(_ kind: UInt8) { work() }
    }

    // MARK: Random values

    func randomMask() -> UInt32 { UInt32(truncatingIfNeeded: loop.random.next()) }

    /// 16 bytes for `Sec-WebSocket-Key` (RFC 6455, 4.1).
    func randomKeyBytes() -> [UInt8] { (0..<2).flatMap { _ in bytes(of: loop.random.next()) } }

    /// 128 random bits in hexadecimal.
    func requestID() -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(32)
        for _ in 0..<2 {
            var word = loop.random.next()
            for _ in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: word & 15)
                digits.append(digit < 10 ? 48 + digit : 87 + digit)
                word >>= 4
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private func bytes(of word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
    }

    /// What a client is told that can't be served; when it is worth coming again, then not all at once.
    func refusal(_ fault: Fault) -> Refusal {
        var fields = fault.fields
        if fault.status == 503 {
            fields.append(.init("Retry-After", String(Int.random(in: 1...10, using: &loop.random))))
        }
        return Refusal(status: fault.status, text: fault.clientText, fields: fields)
    }

    // MARK: The end

    /// Stops accepting and closes all sessions, spread over the time given; `done` when the last has gone.
    func drain(over spread: UInt64, because cause: DrainCause, done: @escaping () -> Void) {
        onEmpty = done
        isDraining = true
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
    func checkEmpty() {
        guard let onEmpty, clients.isEmpty, sessions.isEmpty, feeds.isEmpty, arrivals == 0 else { return }
        self.onEmpty = nil
        onEmpty()
    }
}
