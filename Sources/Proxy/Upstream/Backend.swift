internal import Configuration
internal import EventLoop
internal import Routing
internal import TLS

/// One backend as one worker sees it: where it is, its warm connections, and what the whole process knows of it.
final class Backend {
    let address: BackendAddress
    let weight: Int
    /// Shared with the other workers.
    let state: BackendState
    private let settings: UpstreamSettings
    private(set) var pool: UpstreamPool?

    init(_ member: UpstreamState.Member, settings: UpstreamSettings) {
        address = member.address
        weight = member.weight
        state = member.state
        self.settings = settings
    }

    var name: String { state.name }

    func startPool(on worker: Worker) {
        let pool = settings.configuration.pool
        self.pool = UpstreamPool(
            for: self, level: pool.warm, most: pool.idle, idleTimeout: pool.idleTimeout, worker: worker)
        self.pool?.refill()
    }

    func isUsable(at now: UInt64) -> Bool { !state.isDraining && state.health.isAvailable(at: now) }

    /// Connects; the outcome changes the health.
    func dial(on worker: Worker, done: @escaping Dial.Done) -> Dial {
        Dial(
            address, tls: settings.tls, timeout: settings.configuration.connectTimeout, worker: worker
        ) { [self] result in
            switch result {
            case .success: succeeded(worker)
            case .failure(let error): failed(error, worker)
            }
            done(result)
        }
    }

    private func succeeded(_ worker: Worker) {
        guard state.withHealth({ $0.connected() }) else { return }
        worker.log.backendRecovered(name)
    }

    private func failed(_ error: DialError, _ worker: Worker) {
        let now = worker.loop.now
        let jitter = Double.random(in: 0..<1, using: &worker.loop.random)
        let until = state.withHealth { health -> UInt64? in
            // Others were under way when the first one failed: they say nothing new.
            health.isAvailable(at: now) ? health.connectFailed(at: now, jitter: jitter) : nil
        }
        guard let until else { return }
        worker.log.backendFailed(name, error, restsFor: until - now)
        // When the rest is over the pool tries again by itself, which is also how the recovery is noticed.
        worker.after(until - now) { [weak self] in self?.pool?.refill() }
    }
}
