internal import Configuration
internal import EventLoop
internal import Telemetry

/// The admin listener's side of a process: the listener, collections under way, and the probes of the loops.
final class AdminService: TimerTarget {
    /// Twice a second, and only where somebody may look: an idle process shouldn't be woken for nothing.
    private static let probeInterval: UInt64 = 500_000_000

    let address: SocketAddress
    /// Where its socket can be had for a process that takes over.
    let handOut: ListenerHandOut
    private unowned let server: ProxyServer
    private var listener: AdminListener?
    private var collections: [UInt64: MetricsCollection] = [:]
    private var nextCollection: UInt64 = 0

    /// Takes the address; nobody is answered before `start`.
    init(
        _ address: Address, permissions: SocketPermissions, inherited: [Int32], server: ProxyServer
    ) throws(SystemError) {
        self.server = server
        handOut = try ListenerHandOut(
            address, facts: ListenerFacts(name: address.description, tls: nil, permissions: permissions),
            workers: 1,
            inherited: inherited)
        self.address = handOut.address
    }

    func start() {
        guard let bound = handOut.take(0) else { return }
        let log = server.logs.log
        let name = handOut.facts.name
        listener = AdminListener(bound, on: server.loop, host: server) {
            log.acceptFailed(listener: name, $0)
        }
        timerFired(0)
    }

    /// Leaves the address to the process that takes over.
    func close() { listener?.close() }

    // MARK: Collecting

    /// One set a worker, or nil when one of them doesn't answer.
    func collect(_ done: @escaping ([MetricSet]?) -> Void) {
        let id = nextCollection
        nextCollection &+= 1
        let home = server.loop.mailbox
        collections[id] = MetricsCollection(of: server.mailboxes.count, on: server.loop) { [weak self] sets in
            self?.collections[id] = nil
            done(sets)
        }
        server.onWorkers { worker in
            let index = worker.index
            worker.collectMetrics { set in
                home.post { loop in
                    (loop.owner as? ProxyServer)?.admin?.collections[id]?.took(set, from: index)
                }
            }
        }
    }

    // MARK: Loop lag

    func timerFired(_ kind: UInt8) {
        let sent = EventLoop.clock
        server.onWorkers { worker in
            let now = EventLoop.clock
            worker.metrics.noteLag(now > sent ? now - sent : 0, worker: worker.index)
        }
        _ = server.loop.schedule(self, kind: 0, after: Self.probeInterval)
    }
}
