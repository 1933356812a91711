internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import Routing
internal import TLS

/// One backend as one worker sees it: where it is, its warm connections, and what the whole process knows of it.
final class Backend {
    let address: BackendAddress
    let weight: Int
    let priority: Int
    /// Shared with the other workers.
    let state: BackendState
    let settings: UpstreamSettings
    /// The labels of a connection that was made: those of the same array are found without a look at them.
    let countedConnected: [String]
    private(set) var pool: UpstreamPool?
    /// Connections that many share; nil where each session has its own.
    private(set) var multiplexPool: MultiplexPool?
    private var holdsPool = false

    init(_ member: UpstreamState.Member, settings: UpstreamSettings) {
        address = member.address
        weight = member.weight
        priority = member.priority
        state = member.state
        self.settings = settings
        countedConnected = [member.state.name, "connected"]
    }

    var name: String { state.name }

    func startPool(on worker: UpstreamContext) {
        let pool = settings.configuration.pool
        // With a header that names the client, a connection is that client's.
        let isShared = !settings.policy.sendsProxyHeader
        let isMultiplexed = settings.configuration.mode == .multiplex
        if isMultiplexed {
            multiplexPool = worker.multiplexPools.claim(for: self, on: worker)
            holdsPool = true
        }
        self.pool = UpstreamPool(
            for: self, level: isShared && !isMultiplexed ? pool.level : .fixed(0),
            most: isShared ? pool.idle : 0, idleTimeout: pool.idleTimeout, worker: worker)
        refill()
    }

    /// Opens what is to be ready ahead of need.
    private func refill() {
        pool?.refill()
        multiplexPool?.openConnections()
    }

    /// Opens nothing more; what lives goes on.
    func closePool(on worker: UpstreamContext) {
        pool?.close()
        guard holdsPool, let multiplexPool else { return }
        holdsPool = false
        worker.multiplexPools.release(multiplexPool)
    }

    /// Keeps no connections ahead of need; what is needed is dialled.
    func rest() { pool?.close() }

    /// Whether connections may be opened ahead of need.
    func isUsable(at now: UInt64) -> Bool { !state.isDraining && state.isUp(at: now) }

    /// Connects; the outcome changes the health.
    ///
    /// - Parameters:
    ///   - preamble: what goes first on the connection, before TLS.
    ///   - protocols: offered by ALPN.
    func dial(
        on worker: UpstreamContext, preamble: [UInt8] = [], protocols: [String] = ["http/1.1"],
        done: @escaping Dial.Done
    ) -> Dial {
        let began = worker.loop.now
        return Dial(
            address, tls: settings.tls, protocols: protocols,
            timeout: settings.connectTimeout, preamble: preamble, worker: worker
        ) { [self] result in
            worker.metrics.count(result, backend: self, after: worker.loop.now - min(began, worker.loop.now))
            switch result {
            case .success: connected(worker)
            case .failure(let fault): connectFailed(fault, worker)
            }
            done(result)
        }
    }

    // MARK: What becomes known of it

    private func connected(_ worker: UpstreamContext) {
        guard state.withHealth({ $0.connected(at: worker.loop.now) }) else { return }
        recovered(worker)
    }

    /// It answered an upgrade with 101.
    func upgraded() { pool?.upgraded() }

    /// It answered an upgrade.
    func answered(_ worker: UpstreamContext) {
        guard state.withHealth({ $0.answered(at: worker.loop.now) }) else { return }
        recovered(worker)
    }

    /// It answered an upgrade with nonsense, broke off, or took too long.
    func failed(_ fault: Fault, _ worker: UpstreamContext) {
        if !fault.isForRoom { suspected(fault.logText, worker) }
    }

    /// It answered an upgrade with a refusal of its own.
    func refused(_ status: Int, _ worker: UpstreamContext) {
        if status >= 500 { suspected("answered \(status)", worker) } else { answered(worker) }
    }

    private func suspected(_ cause: String, _ worker: UpstreamContext) {
        judge(worker) { health, now, jitter, rules in
            health.failed(at: now, jitter: jitter, cause: cause, rules)
        } told: {
            worker.log.tell(.backendSuspected(name, cause, restsFor: $0))
        }
    }

    private func connectFailed(_ fault: Fault, _ worker: UpstreamContext) {
        if let lacking = fault.shortage { return worker.log.tell(.outOf(lacking, for: name, fault)) }
        // A timeout may be the network's or a full queue's: it counts as a suspicion.
        if case .connectTimeout = fault.kind { return failed(fault, worker) }
        judge(worker) { health, now, jitter, rules in
            health.connectFailed(at: now, jitter: jitter, cause: fault.logText, rules)
        } told: {
            worker.log.tell(.backendFailed(name, fault, restsFor: $0))
        }
    }

    private func judge(
        _ worker: UpstreamContext,
        _ body: (inout BackendHealth, UInt64, Double, HealthRules) -> OnFault, told: (UInt64) -> Void
    ) {
        let now = worker.loop.now
        let jitter = Double.random(in: 0..<1, using: &worker.loop.random)
        let outcome = state.withHealth { body(&$0, now, jitter, settings.rules) }
        guard case .rests(let until) = outcome else { return }
        told(until - min(now, until))
        state.queue.evict(state)
        // When the rest is over the pool tries again by itself, which is also how a recovery is noticed.
        worker.after(until - min(now, until)) { [weak self] in self?.restEnded() }
    }

    /// A check of ours has ended; nil = well.
    func checked(_ cause: String?, _ worker: UpstreamContext) {
        let now = worker.loop.now
        guard let cause else {
            guard state.withHealth({ $0.checkPassed(at: now, settings.rules) }) else { return }
            worker.log.tell(.checkRecovered(name))
            state.queue.placeFreed(state)
            pool?.refill()
            return
        }
        guard state.withHealth({ $0.checkFailed(cause: cause, settings.rules) }) else { return }
        worker.log.tell(.checkFailed(name, cause))
        state.queue.evict(state)
    }

    /// What goes first on a check's connection.
    var checkPreamble: [UInt8] { settings.policy.sendsProxyHeader ? ProxyHeaderEncoder.local : [] }

    private func restEnded() {
        refill()
        state.queue.placeFreed(state)
    }

    private func recovered(_ worker: UpstreamContext) {
        worker.log.tell(.backendRecovered(name))
        state.queue.placeFreed(state)
        refill()
    }
}

extension UpstreamConfiguration.Pool {
    fileprivate var level: PoolMachine.Level { warm.map { .fixed($0) } ?? .auto }
}
