internal import Routing
internal import Synchronization

/// One backend as the whole process sees it: what it carries now, over all workers, and what is known against it.
///
/// It is found by the name of its upstream and its address, and outlives reloads: counts go on, and so do a rest after
/// failures and a drain. Touched when handshakes and sessions begin and end, never by a message.
final class BackendState: Sendable {
    /// The upstream's name.
    let upstream: String
    /// Its address as text.
    let name: String
    /// The backend as the configuration spells it: the address again, or the `dns:` name that led to it.
    let origin: String
    private let sessionCount = Atomic<Int>(0)
    private let requestCount = Atomic<Int>(0)
    private let handshakeCount = Atomic<Int>(0)
    private let draining = Atomic<Bool>(false)
    private let configured = Atomic<Bool>(true)
    private let weightNow: Atomic<Int>
    private let known = Mutex(BackendHealth())

    init(upstream: String, name: String, origin: String, weight: Int) {
        self.upstream = upstream
        self.name = name
        self.origin = origin
        weightNow = Atomic(weight)
    }

    /// WebSocket sessions that live on it.
    var sessions: Int { sessionCount.load(ordering: .relaxed) }
    /// Plain requests under way.
    var requests: Int { requestCount.load(ordering: .relaxed) }
    /// Upgrades that it was asked for and has not answered.
    var handshakes: Int { handshakeCount.load(ordering: .relaxed) }
    /// What balancing counts.
    var load: Int { sessions + requests + handshakes }
    var weight: Int { weightNow.load(ordering: .relaxed) }

    /// It gets nothing new; what it carries is for others to close.
    var isDraining: Bool { draining.load(ordering: .relaxed) }
    /// The configuration still names it. False after a reload without it: its sessions are to be drained.
    var isConfigured: Bool { configured.load(ordering: .relaxed) }

    func setDraining(_ isDraining: Bool) { draining.store(isDraining, ordering: .relaxed) }
    func setConfigured(_ isConfigured: Bool) { configured.store(isConfigured, ordering: .relaxed) }
    func setWeight(_ weight: Int) { weightNow.store(weight, ordering: .relaxed) }

    func sessionBegan() { sessionCount.add(1, ordering: .relaxed) }
    func sessionEnded() { sessionCount.subtract(1, ordering: .relaxed) }
    func requestBegan() { requestCount.add(1, ordering: .relaxed) }
    func requestEnded() { requestCount.subtract(1, ordering: .relaxed) }
    func handshakeBegan() { handshakeCount.add(1, ordering: .relaxed) }
    func handshakeEnded() { handshakeCount.subtract(1, ordering: .relaxed) }

    /// Its health, under a lock that is held for a few instructions.
    var health: BackendHealth { known.withLock { $0 } }

    /// Changes the health.
    func withHealth<Result: Sendable>(_ body: (inout BackendHealth) -> Result) -> Result {
        known.withLock { health in body(&health) }
    }
}
