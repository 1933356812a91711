internal import Configuration
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import TLS

/// The HTTP/2 connections of one worker to one backend, and whether the backend speaks HTTP/2 at all.
///
/// A backend that doesn't, or takes no extended CONNECT (RFC 8441, 3), is marked and gets HTTP/1.1; it is asked again
/// after a while.
final class MultiplexPool {
    /// Where a request goes.
    enum Place {
        case line(MultiplexLine)
        /// The backend doesn't take it over HTTP/2.
        case http1
        /// All streams are taken.
        case full
        case failed(DialError)
    }

    /// What is known of the backend.
    private enum Speech {
        case unknown
        case http2(takesConnect: Bool)
        case http1(until: UInt64)
    }

    /// One that waits for a place.
    final class Waiter {
        fileprivate var done: ((Place) -> Void)?
        fileprivate let isUpgrade: Bool
        fileprivate init(isUpgrade: Bool, done: @escaping (Place) -> Void) {
            self.isUpgrade = isUpgrade
            self.done = done
        }
        func cancel() { done = nil }
    }

    /// Until a backend without HTTP/2 is asked again: when it has said so, and when it has said nothing.
    private static let certainRest: UInt64 = 60_000_000_000
    private static let uncertainRest: UInt64 = 10_000_000_000

    let name: String
    let options: HTTP2Options
    let idleTimeout: UInt64
    private weak var backend: Backend?
    private let worker: Worker
    private let isSecure: Bool
    private let settingsLimit: UInt64
    private var machine: MultiplexMachine
    private var speech = Speech.unknown
    private var lines: [Int: MultiplexLine] = [:]
    private var dials: [Int: Dial] = [:]
    private var waiting: [Waiter] = []
    private var isClosed = false

    init(for backend: Backend, _ settings: UpstreamSettings, worker: Worker) {
        self.backend = backend
        self.worker = worker
        name = backend.name
        let upstream = settings.configuration
        isSecure = settings.tls != nil
        settingsLimit = upstream.connectTimeout
        idleTimeout = upstream.pool.idleTimeout
        options = .towardsBackends(streams: upstream.pool.streams, headList: worker.headLimits.bytes)
        machine = MultiplexMachine(
            lines: upstream.pool.connections, streams: upstream.pool.streams, keepsOne: upstream.pool.warm > 0
        )
    }

    /// Connections that are open, and what they carry.
    var count: Int { lines.count }
    var carried: Int { machine.carried }

    // MARK: Places

    /// Finds a place for a stream, now or when a line is open. nil when `done` was called.
    func place(isUpgrade: Bool, done: @escaping (Place) -> Void) -> Waiter? {
        if let place = placeNow(isUpgrade) {
            done(place)
            openLines()
            return nil
        }
        let waiter = Waiter(isUpgrade: isUpgrade, done: done)
        waiting.append(waiter)
        openLines()
        return waiter
    }

    private func placeNow(_ isUpgrade: Bool) -> Place? {
        switch speech {
        case .http1(let until):
            if worker.loop.now >= until { askAgain() }
            return .http1
        case .http2(takesConnect: false) where isUpgrade: return .http1
        case .unknown, .http2:
            switch machine.place() {
            case .line(let id): return lines[id].map { .line($0) } ?? .full
            case .full: return .full
            case .wait: return nil
            }
        }
    }

    private func serveWaiting() {
        let all = waiting
        waiting = []
        for waiter in all where waiter.done != nil {
            guard let place = placeNow(waiter.isUpgrade) else {
                waiting.append(waiter)
                continue
            }
            waiter.done.take()?(place)
        }
        openLines()
    }

    private func failWaiting(_ error: DialError) {
        let all = waiting
        waiting = []
        for waiter in all { waiter.done.take()?(.failed(error)) }
    }

    // MARK: Lines

    /// Opens what is needed.
    func openLines() {
        waiting.removeAll { $0.done == nil }
        guard let backend, !isClosed || !waiting.isEmpty else { return }
        if case .http1 = speech { return }
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
            case .failure(let error):
                machine.lost(id)
                if dials.isEmpty, lines.isEmpty { failWaiting(error) } else { serveWaiting() }
            }
        }
    }

    private func connected(_ id: Int, _ connection: StreamConnection) {
        let agreed = connection.tlsFacts?.applicationProtocol
        guard !isSecure || agreed == "h2" else {
            connection.close()
            machine.lost(id)
            return refused("\(agreed ?? "no protocol") was chosen by ALPN", isCertain: true)
        }
        let line = MultiplexLine(id, scheme: isSecure ? "https" : "http", pool: self, worker: worker)
        do throws(HTTP2Error) {
            try line.start(on: connection, within: settingsLimit)
            lines[id] = line
        } catch {
            connection.close()
            machine.lost(id)
            failWaiting(.timedOut(phase: "http2"))
        }
    }

    /// The peer has said what it takes, for the first time or anew.
    func opened(_ line: MultiplexLine, _ settings: HTTP2PeerSettings, isFirst: Bool) {
        if case .http1 = speech { worker.log.multiplexing(name) }
        speech = .http2(takesConnect: settings.enablesConnect)
        if !settings.enablesConnect, isFirst {
            worker.log.notMultiplexing(name, cause: "extended CONNECT is not enabled", again: nil)
        }
        if isFirst { worker.log.lineOpened(name) }
        machine.opened(line.id, capacity: settings.maxStreams)
        if isClosed { _ = machine.leaves(line.id) }
        serveWaiting()
    }

    /// The backend doesn't speak HTTP/2: those who wait, and who come, get HTTP/1.1.
    func refused(_ cause: String, isCertain: Bool) {
        // With lines that work this one has just been unlucky.
        guard lines.isEmpty else { return serveWaiting() }
        let rest = worker.loop.random.jittered(isCertain ? Self.certainRest : Self.uncertainRest, by: 0.1)
        speech = .http1(until: worker.loop.now + rest)
        worker.log.notMultiplexing(name, cause: cause, again: rest)
        serveWaiting()
    }

    private func askAgain() {
        guard let backend, !isClosed else { return }
        speech = .http1(until: worker.loop.now + Self.certainRest)
        if dials.isEmpty, let id = machine.open(waiting: 1) { dial(id, backend) }
    }

    func leaves(_ line: MultiplexLine) {
        if machine.leaves(line.id) { closeSoon(line) }
        serveWaiting()
    }

    func stalls(_ line: MultiplexLine, _ isStalled: Bool) {
        machine.stalls(line.id, isStalled)
        serveWaiting()
    }

    func lost(_ line: MultiplexLine) {
        lines[line.id] = nil
        machine.lost(line.id)
        worker.loop.nextTurn { [weak self] in self?.openLines() }
    }

    func streamEnded(on line: MultiplexLine) {
        if machine.ended(on: line.id) { closeSoon(line) }
        if !waiting.isEmpty { serveWaiting() }
    }

    func isSpare(_ line: MultiplexLine) -> Bool { machine.isSpare(line.id) }

    /// Not from inside the line's own work.
    private func closeSoon(_ line: MultiplexLine) {
        worker.loop.nextTurn { [weak self] in
            if self?.lines[line.id] != nil { line.close() }
        }
    }

    /// Opens no lines but for those who wait already; what the lines carry goes on to its end.
    func close() {
        isClosed = true
        for line in lines.values where machine.leaves(line.id) { closeSoon(line) }
        if waiting.isEmpty {
            for dial in dials.values { dial.cancel() }
            dials = [:]
        }
    }
}

extension HTTP2Options {
    /// Windows that let one stream stall without its neighbours' noticing: small ones by stream, a large one for all.
    static func towardsBackends(streams: Int, headList: Int) -> HTTP2Options {
        let window = 128 << 10
        let none = HTTP2AbuseLimits(resets: 0, controlFrames: 0, emptyFrames: 0)
        return HTTP2Options(
            streamWindow: window, connectionWindow: 8 << 20, heldBytes: window * (min(streams, 8192) + 1),
            maxHeaderList: headList, abuse: none)
    }
}
