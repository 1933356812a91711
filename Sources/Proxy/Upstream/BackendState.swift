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
    /// What consistent hashing knows it by.
    let identity: UInt64
    /// Who waits for a place with it or with its siblings.
    let queue: AdmissionQueue
    private let sessionCount = Atomic<Int>(0)
    private let requestCount = Atomic<Int>(0)
    private let handshakeCount = Atomic<Int>(0)
    private let draining: Atomic<Bool>
    private let configured = Atomic<Bool>(true)
    private let unseen: Atomic<Bool>
    private let weightNow = Atomic<Int>(1)
    private let sessionLimit = Atomic<Int>(0)
    private let handshakeLimit = Atomic<Int>(0)
    private let known = Mutex(BackendHealth())

    /// - Parameters:
    ///   - isNew: it was added to an upstream that had backends before.
    ///   - isDrained: by an order that was given before.
    init(
        upstream: String, name: String, origin: String, queue: AdmissionQueue, isNew: Bool,
        isDrained: Bool = false
    ) {
        self.upstream = upstream
        self.name = name
        self.origin = origin
        self.queue = queue
        identity = ConsistentHash.hash(name.utf8)
        unseen = Atomic(isNew)
        draining = Atomic(isDrained)
    }

    /// WebSocket sessions that live on it.
    var sessions: Int { sessionCount.load(ordering: .acquiring) }
    /// Plain requests under way.
    var requests: Int { requestCount.load(ordering: .relaxed) }
    /// Upgrades that it is being asked for and has not answered.
    var handshakes: Int { handshakeCount.load(ordering: .acquiring) }
    /// What balancing counts.
    var load: Int { sessions + requests + handshakes }
    var weight: Int { weightNow.load(ordering: .relaxed) }
    /// 0 = no limit.
    var maxSessions: Int { sessionLimit.load(ordering: .relaxed) }

    /// It gets nothing new; what it carries is for others to close.
    var isDraining: Bool { draining.load(ordering: .relaxed) }
    /// The configuration still names it. False after a reload without it: its sessions are to be drained.
    var isConfigured: Bool { configured.load(ordering: .relaxed) }

    func setDraining(_ isDraining: Bool) {
        draining.store(isDraining, ordering: .relaxed)
        if isDraining { queue.evict(self) } else { queue.placeFreed(self) }
    }

    func setConfigured(_ isConfigured: Bool) { configured.store(isConfigured, ordering: .relaxed) }

    /// What the configuration says of it now.
    func set(weight: Int, maxSessions: Int, handshakes: Int) {
        weightNow.store(weight, ordering: .relaxed)
        sessionLimit.store(maxSessions, ordering: .relaxed)
        handshakeLimit.store(handshakes, ordering: .relaxed)
    }

    // MARK: Counts

    func sessionBegan() { sessionCount.add(1, ordering: .acquiringAndReleasing) }

    func sessionEnded() {
        sessionCount.subtract(1, ordering: .sequentiallyConsistent)
        if maxSessions > 0 { queue.placeFreed(self) }
    }

    func requestBegan() { requestCount.add(1, ordering: .relaxed) }
    func requestEnded() { requestCount.subtract(1, ordering: .relaxed) }

    /// Whether there is room for one more handshake, and the session that it may become.
    var hasRoom: Bool { hasRoom(handshakes: handshakes) }

    private func hasRoom(handshakes: Int) -> Bool {
        let most = handshakeLimit.load(ordering: .relaxed)
        guard most == 0 || handshakes < most else { return false }
        return maxSessions == 0 || handshakes + sessions < maxSessions
    }

    /// Takes a place for a handshake where there is room; `handshakeEnded` gives it back.
    ///
    /// A handshake that becomes a session is counted as both for a moment, so that no limit is ever passed.
    func takePlace() -> Bool {
        while true {
            let now = handshakes
            guard hasRoom(handshakes: now) else { return false }
            let step = handshakeCount.compareExchange(
                expected: now, desired: now + 1, ordering: .sequentiallyConsistent)
            if step.exchanged { return true }
        }
    }

    /// Gives a place back that nobody wanted.
    func dropPlace() { handshakeCount.subtract(1, ordering: .sequentiallyConsistent) }

    /// The handshake is over, for better or worse: the next in the queue gets the place.
    func handshakeEnded() {
        dropPlace()
        queue.placeFreed(self)
    }

    // MARK: Health

    /// Its health, under a lock that is held for a few instructions.
    var health: BackendHealth { known.withLock { $0 } }

    /// Whether nothing is known against it. Asked with each dial, so nothing is copied for it.
    func isUp(at now: UInt64) -> Bool { known.withLock { $0.standing(at: now) == .up } }

    /// Changes the health.
    func withHealth<Result: Sendable>(_ body: (inout BackendHealth) -> Result) -> Result {
        known.withLock { health in body(&health) }
    }

    /// A worker has it in its list: from here on a new one ramps up.
    func seen(at now: UInt64) {
        guard unseen.exchange(false, ordering: .relaxed) else { return }
        withHealth { $0.appeared(at: now) }
    }
}
