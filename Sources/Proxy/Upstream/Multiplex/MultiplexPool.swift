internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import Routing
internal import TLS

/// The HTTP/2 connections of one worker to one backend, and whether the backend speaks HTTP/2 at all.
///
/// A backend that doesn't, or takes no extended CONNECT (RFC 8441, 3), is marked and gets HTTP/1.1; it is asked again
/// after a while.
final class MultiplexPool {
    /// Where a request goes.
    enum Place {
        case shared(SharedConnection)
        /// The backend doesn't take it over HTTP/2.
        case http1
        /// All streams are taken.
        case full
        case failed(Fault)
    }

    /// One that waits for a place.
    final class Waiter {
        fileprivate var done: ((Place) -> Void)?
        fileprivate let isUpgrade: Bool
        fileprivate let number: UInt64
        private weak var pool: MultiplexPool?
        fileprivate init(
            _ number: UInt64, in pool: MultiplexPool, isUpgrade: Bool, done: @escaping (Place) -> Void
        ) {
            self.number = number
            self.pool = pool
            self.isUpgrade = isUpgrade
            self.done = done
        }
        func cancel() {
            done = nil
            _ = pool?.waiting.remove(number)
        }
    }

    /// Until a backend without HTTP/2 is asked again: when it has said so, and when it has said nothing.
    private static let certainRest = Duration.seconds(60).nanoseconds
    private static let uncertainRest = Duration.seconds(10).nanoseconds

    let name: String
    let state: BackendState
    let sharedOptions: SharedConnectionOptions
    let options: HTTP2Options
    /// Who dials: of those that hold the pool, the one with the newest configuration.
    private weak var backend: Backend?
    private var holders = 1
    private let worker: UpstreamContext
    private var machine: MultiplexMachine
    private var backendProtocol = BackendProtocol()
    private var connections: [Int: SharedConnection] = [:]
    private var dials: [Int: Dial] = [:]
    private var waiting = WaitingQueue<Waiter>()
    private var lastWaiter: UInt64 = 0
    private var isClosed = false

    init(for backend: Backend, _ sharedOptions: SharedConnectionOptions, worker: UpstreamContext) {
        self.backend = backend
        self.worker = worker
        self.sharedOptions = sharedOptions
        name = backend.name
        state = backend.state
        options = .towardsBackends(streams: sharedOptions.streams, headList: sharedOptions.headList)
        machine = MultiplexMachine(
            connections: sharedOptions.connections, streams: sharedOptions.streams,
            keepsOne: sharedOptions.keepsOne)
    }

    /// Another configuration's backend goes on with it.
    func hold(for backend: Backend) {
        holders += 1
        self.backend = backend
    }

    /// Returns whether nobody holds it any longer.
    func release() -> Bool {
        holders -= 1
        return holders == 0
    }

    var idleTimeout: Duration { sharedOptions.idleTimeout }

    /// Connections that are open, and what they carry.
    var count: Int { connections.count }
    var carried: Int { machine.carried }

    // MARK: Places

    /// Finds a place for a stream, now or when a connection is open. nil when `done` was called.
    func place(isUpgrade: Bool, done: @escaping (Place) -> Void) -> Waiter? {
        if let place = placeNow(isUpgrade) {
            done(place)
            openConnections()
            return nil
        }
        lastWaiter += 1
        let waiter = Waiter(lastWaiter, in: self, isUpgrade: isUpgrade, done: done)
        waiting.append(waiter, id: lastWaiter)
        openConnections()
        return waiter
    }

    private func placeNow(_ isUpgrade: Bool) -> Place? {
        switch backendProtocol.carries(isUpgrade: isUpgrade, at: worker.loop.now) {
        case .http1: return .http1
        case .http1AndAsk:
            askAgain()
            return .http1
        case .http2:
            switch machine.place() {
            case .connection(let id): return connections[id].map { .shared($0) } ?? .full
            case .full: return .full
            case .wait: return nil
            }
        }
    }

    private func serveWaiting() {
        for (id, waiter) in waiting.takeAll(where: { _ in true }) where waiter.done != nil {
            guard let place = placeNow(waiter.isUpgrade) else {
                waiting.append(waiter, id: id)
                continue
            }
            waiter.done.take()?(place)
        }
        openConnections()
    }

    private func failWaiting(_ fault: Fault) {
        for (_, waiter) in waiting.takeAll(where: { _ in true }) { waiter.done.take()?(.failed(fault)) }
    }

    // MARK: Connections

    /// Opens what is needed.
    func openConnections() {
        guard let backend, !isClosed || !waiting.isEmpty else { return }
        if backendProtocol.isHTTP1 { return }
        // A backend that rests after a failure is dialled for those who wait only.
        guard !waiting.isEmpty || backend.isUsable(at: worker.loop.now) else { return }
        while let id = machine.open(waiting: waiting.count) { dial(id, backend) }
    }

    private func dial(_ id: Int, _ backend: Backend) {
        dials[id] = backend.dial(on: worker, protocols: ["h2", "http/1.1"]) { [weak self] result in
            guard let self else { return }
            dials[id] = nil
            switch result {
            case .success(let connection): connected(id, connection)
            case .failure(let fault):
                machine.lost(id)
                // What we lack ourselves is not there a turn later either.
                let isHopeless = fault.shortage != nil || dials.isEmpty && connections.isEmpty
                if isHopeless { failWaiting(fault) } else { serveWaiting() }
            }
        }
    }

    private func connected(_ id: Int, _ connection: StreamConnection) {
        let agreed = connection.tlsFacts?.applicationProtocol
        guard !sharedOptions.isSecure || agreed == "h2" else {
            connection.close()
            machine.lost(id)
            return refused("\(agreed ?? "no protocol") was chosen by ALPN", isCertain: true)
        }
        let shared = SharedConnection(
            id, scheme: sharedOptions.isSecure ? "https" : "http", pool: self, worker: worker)
        do throws(HTTP2Error) {
            try shared.start(on: connection, within: sharedOptions.connectTimeout)
            connections[id] = shared
        } catch {
            connection.close()
            machine.lost(id)
            failWaiting(.noHTTP2(error))
        }
    }

    /// The peer has said what it takes, for the first time or anew.
    func opened(_ shared: SharedConnection, _ settings: HTTP2PeerSettings, isFirst: Bool) {
        if backendProtocol.isHTTP1 { worker.log.tell(.multiplexing(name)) }
        backendProtocol.speaks(enablesConnect: settings.enablesConnect)
        if !settings.enablesConnect, isFirst {
            worker.log.tell(.notMultiplexing(name, cause: "extended CONNECT is not enabled", again: nil))
        }
        if isFirst { worker.log.tell(.lineOpened(name)) }
        machine.opened(shared.id, capacity: settings.maxStreams)
        if isClosed { _ = machine.leaves(shared.id) }
        serveWaiting()
    }

    /// The backend doesn't speak HTTP/2: those who wait, and who come, get HTTP/1.1.
    func refused(_ cause: String, isCertain: Bool) {
        // With connections that work this one has just been unlucky.
        guard connections.isEmpty else { return serveWaiting() }
        speaksHTTP1(cause, isCertain: isCertain)
        serveWaiting()
    }

    private func speaksHTTP1(_ cause: String, isCertain: Bool) {
        let time = isCertain ? Self.certainRest : Self.uncertainRest
        let rest = worker.loop.random.jittered(time, by: 0.1)
        backendProtocol.refuses(until: worker.loop.now + rest)
        if isCertain {
            worker.log.tell(.notMultiplexing(name, cause: cause, again: rest))
        } else {
            worker.log.tell(.lineNotOpened(name, cause: cause, again: rest))
        }
    }

    /// The backend wants HTTP/1.1 instead (RFC 9113, 7): what is on its connections stays there, and nothing new comes.
    func wantsHTTP1() {
        speaksHTTP1("GOAWAY HTTP_1_1_REQUIRED", isCertain: true)
        for shared in connections.values where machine.leaves(shared.id) { closeSoon(shared) }
    }

    /// The backend wants its sessions over HTTP/1.1; other requests are not concerned.
    func wantsSessionsOverHTTP1() {
        guard backendProtocol.carries(isUpgrade: true, at: worker.loop.now) == .http2 else { return }
        let rest = worker.loop.random.jittered(Self.certainRest, by: 0.1)
        backendProtocol.refusesSessions(until: worker.loop.now + rest)
        worker.log.tell(.notMultiplexing(name, cause: "HTTP_1_1_REQUIRED", again: rest))
        worker.loop.nextTurn { [weak self] in self?.serveWaiting() }
    }

    private func askAgain() {
        guard let backend, !isClosed else { return }
        backendProtocol.refuses(until: worker.loop.now + Self.certainRest)
        if dials.isEmpty, let id = machine.open(waiting: 1) { dial(id, backend) }
    }

    func leaves(_ shared: SharedConnection) {
        if machine.leaves(shared.id) { closeSoon(shared) }
        serveWaiting()
    }

    func stalls(_ shared: SharedConnection, _ isStalled: Bool) {
        if let spare = machine.stalls(shared.id, isStalled).flatMap({ connections[$0] }) { closeSoon(spare) }
        serveWaiting()
    }

    func lost(_ shared: SharedConnection) {
        connections[shared.id] = nil
        machine.lost(shared.id)
        worker.loop.nextTurn { [weak self] in self?.openConnections() }
    }

    func streamEnded(on shared: SharedConnection) {
        if machine.ended(on: shared.id) { closeSoon(shared) }
        if !waiting.isEmpty { serveWaiting() }
    }

    func isSpare(_ shared: SharedConnection) -> Bool { machine.isSpare(shared.id) }

    /// Not from inside the connection's own work.
    private func closeSoon(_ shared: SharedConnection) {
        worker.loop.nextTurn { [weak self] in
            if self?.connections[shared.id] != nil { shared.close() }
        }
    }

    /// Opens no connections but for those who wait already; what the connections carry goes on to its end.
    func close() {
        isClosed = true
        for shared in connections.values where machine.leaves(shared.id) { closeSoon(shared) }
        if waiting.isEmpty {
            for dial in dials.values { dial.cancel() }
            dials = [:]
        }
    }
}

extension HTTP2Options {
    /// Windows that let one stream stall without its neighbours' noticing: small ones by stream, a large one for all. What
    /// a client does not take of a stream is held in full, so that window is smaller yet until it has taken some.
    static func towardsBackends(streams: Int, headList: Int) -> HTTP2Options {
        let window = 128 << 10
        let none = HTTP2AbuseLimits(resets: 0, controlFrames: 0, emptyFrames: 0)
        var options = HTTP2Options(
            streamWindow: 16 << 10, connectionWindow: 8 << 20, heldBytes: window * (min(streams, 8192) + 1),
            maxHeaderList: headList, abuse: none)
        options.grownWindow = window
        return options
    }
}
