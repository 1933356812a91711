internal import EventLoop

/// The warm connections of one worker to one backend: connected, TLS-established, idle, and watched.
///
/// The next session takes one and saves the round trips. One that ends or receives anything while idle is dropped and
/// replaced; one that has been idle for long is replaced before the backend's own timeout ends it. How many are ready is a
/// fixed number, or follows what sessions come: see `WarmDemand`.
final class UpstreamPool {
    private unowned let backend: Backend
    private let worker: UpstreamContext
    private let idleTimeout: Duration
    private var machine: PoolMachine
    private var idle: [WarmConnection] = []
    private var dials: [Dial] = []
    private var isClosed = false
    /// What it is counted by. Labels that are the same array are the same without a look at them.
    private let counted: (hit: [String], miss: [String])

    /// Connections that are open and idle.
    var idleCount: Int { idle.count }

    init(
        for backend: Backend, level: PoolMachine.Level, most: Int, idleTimeout: Duration,
        worker: UpstreamContext
    ) {
        self.backend = backend
        self.worker = worker
        self.idleTimeout = idleTimeout
        counted = ([backend.name, "hit"], [backend.name, "miss"])
        machine = PoolMachine(level: level, most: most)
    }

    /// The connection that has waited least: the older ones may be near the backend's timeout.
    func take() -> StreamConnection? {
        // In the next turn, so that the session that took it goes first. After a miss too: the backend may have been
        // out when the last connection was lost, and another worker has noticed its return.
        worker.loop.nextTurn { [weak self] in self?.refill() }
        guard let warm = takeQuiet() else {
            worker.metrics.add(.poolTakes, counted.miss)
            return nil
        }
        worker.metrics.add(.poolTakes, counted.hit)
        machine.left()
        warm.stopWatching(on: worker.loop)
        return warm.connection
    }

    /// One on which something has come is left: a goodbye that its watch will read in the next turn, or a session ticket.
    private func takeQuiet() -> WarmConnection? {
        idle.lastIndex { $0.connection.isQuiet }.map { idle.remove(at: $0) }
    }

    /// Dials until the level is reached.
    func refill() {
        guard !isClosed else { return }
        let now = worker.loop.now
        for _ in 0..<machine.refill(backendIsUsable: backend.isUsable(at: now), at: now) { dialOne() }
    }

    /// The backend answered an upgrade with 101.
    func upgraded() {
        machine.upgraded(at: worker.loop.now)
        refill()
    }

    /// Closes all idle connections and dials no more.
    func close() {
        isClosed = true
        for warm in idle {
            warm.stopWatching(on: worker.loop)
            warm.connection.close()
        }
        idle = []
        for dial in dials { dial.cancel() }
        dials = []
    }

    private func dialOne() {
        let dial = backend.dial(on: worker) { [weak self] result in
            guard let self else { return }
            dials.removeAll { $0.isOver }
            dialEnded(result)
        }
        dials.append(dial)
    }

    private func dialEnded(_ result: Result<StreamConnection, Fault>) {
        switch result {
        case .success(let connection):
            guard machine.dialEnded(withConnection: true, at: worker.loop.now), !isClosed else {
                return connection.close()
            }
            keep(connection, isUnused: true)
        case .failure:
            _ = machine.dialEnded(withConnection: false, at: worker.loop.now)
        }
    }

    /// Takes back a connection that has served a request, for the next one.
    func release(_ connection: StreamConnection) {
        guard !isClosed, machine.returned() else { return connection.close() }
        keep(connection, isUnused: false)
    }

    private func keep(_ connection: StreamConnection, isUnused: Bool) {
        let warm = WarmConnection(connection, isUnused: isUnused, pool: self)
        warm.watch(for: isUnused ? machine.patience(idleTimeout: idleTimeout) : idleTimeout, on: worker)
        idle.append(warm)
    }

    fileprivate func lost(_ warm: WarmConnection, ofAge: Bool = false) {
        guard let index = idle.firstIndex(where: { $0 === warm }) else { return }
        idle.remove(at: index)
        if ofAge, warm.isUnused { machine.wastedOne() } else { machine.left() }
        warm.stopWatching(on: worker.loop)
        warm.connection.close()
        worker.loop.nextTurn { [weak self] in self?.refill() }
    }
}

/// An idle connection that notices its own death.
private final class WarmConnection: TransportReceiver, TimerTarget {
    let connection: StreamConnection
    /// It was dialled ahead, and has served nobody.
    let isUnused: Bool
    private unowned let pool: UpstreamPool
    private var age: TimerToken?

    init(_ connection: StreamConnection, isUnused: Bool, pool: UpstreamPool) {
        self.connection = connection
        self.isUnused = isUnused
        self.pool = pool
    }

    func watch(for idleTimeout: Duration, on worker: UpstreamContext) {
        connection.receiver = self
        connection.resumeReading()
        guard idleTimeout > .zero else { return }
        // Jittered: connections dialled together must not be replaced together.
        age = worker.loop.schedule(self, kind: 0, after: worker.loop.random.jittered(idleTimeout, by: 0.1))
    }

    func stopWatching(on loop: EventLoop) {
        loop.cancel(age)
        connection.receiver = nil
        connection.pauseReading()
    }

    func transportOpened() {}
    func transportFlushed() {}
    // An HTTP server has nothing to say before it is asked: what it says is a goodbye, as Node's 408.
    func transportReceived(_ bytes: inout MutableSpan<UInt8>) { pool.lost(self) }
    func transportEnded() { pool.lost(self) }
    func transportFailed(_ error: TransportError) { pool.lost(self) }
    func timerFired(_ kind: UInt8) { pool.lost(self, ofAge: true) }
}
