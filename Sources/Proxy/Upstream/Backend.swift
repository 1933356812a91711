internal import EventLoop
internal import Routing
internal import TLS

/// One backend as one worker sees it: its address, its health, how many sessions it carries, its warm connections.
final class Backend {
    let name: String
    let address: BackendAddress
    let weight: Int
    let connectTimeout: UInt64
    private let tls: ClientTLSContext?
    private(set) var health = BackendHealth()
    /// Sessions of this worker that live on it now.
    var sessions = 0
    private(set) var pool: UpstreamPool?

    init(_ address: BackendAddress, weight: Int, connectTimeout: UInt64, tls: ClientTLSContext?) {
        self.address = address
        name = address.description
        self.weight = weight
        self.connectTimeout = connectTimeout
        self.tls = tls
    }

    func startPool(level: Int, most: Int, idleTimeout: UInt64, worker: Worker) {
        pool = UpstreamPool(for: self, level: level, most: most, idleTimeout: idleTimeout, worker: worker)
        pool?.refill()
    }

    func isUsable(at now: UInt64) -> Bool { health.isAvailable(at: now) }

    /// Connects; the outcome changes the health.
    func dial(on worker: Worker, done: @escaping Dial.Done) -> Dial {
        Dial(address, tls: tls, timeout: connectTimeout, worker: worker) { [self] result in
            switch result {
            case .success: succeeded(worker)
            case .failure(let error): failed(error, worker)
            }
            done(result)
        }
    }

    private func succeeded(_ worker: Worker) {
        guard health.connected() else { return }
        worker.log.backendRecovered(name)
    }

    private func failed(_ error: DialError, _ worker: Worker) {
        // Others were under way when the first one failed: they say nothing new.
        guard health.isAvailable(at: worker.loop.now) else { return }
        let jitter = Double.random(in: 0..<1, using: &worker.loop.random)
        let until = health.connectFailed(at: worker.loop.now, jitter: jitter)
        worker.log.backendFailed(name, error, restsFor: until - worker.loop.now)
        // When the rest is over the pool tries again by itself, which is also how the recovery is noticed.
        worker.after(until - worker.loop.now) { [weak self] in self?.pool?.refill() }
    }
}
