internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTP2Protocol
internal import PerMessageDeflate
internal import WebSocketProtocol

/// One HTTP/2 connection to a backend, which carries many streams: sessions (RFC 8441) and plain requests.
///
/// What its streams have to send in one turn of the loop leaves at the turn's end, in one write; what the socket doesn't
/// take stays with the streams, each its own, so a full one pauses those who fill it.
final class SharedConnection: HTTP2ConnectionOwner, StreamCarrier, TimerTarget {
    private enum Phase { case opening, open, over }
    private enum Timer: UInt8 { case opening, check }

    /// How long a stream that we have ended may stay open on the peer's side.
    private static let lingerTime = Duration.seconds(5).nanoseconds

    let id: Int
    let worker: UpstreamContext
    /// Of what is asked over it.
    let scheme: String
    private let pool: MultiplexPool
    private var connection: HTTP2Connection?
    /// Of the connection, for what its streams hold.
    private(set) var account: MemoryAccount
    private var phase = Phase.opening
    /// Streams that we have ended, and when.
    private var lingering: [(stream: HTTP2Stream, since: UInt64)] = []
    private var watch: SharedConnectionWatch
    private var wasStalled = false
    private var idleSince: UInt64
    private var timer: TimerToken?

    init(_ id: Int, scheme: String, pool: MultiplexPool, worker: UpstreamContext) {
        self.id = id
        self.scheme = scheme
        self.pool = pool
        self.worker = worker
        let timeouts = worker.configuration.timeouts
        watch = SharedConnectionWatch(
            SharedConnectionWatch.Limits(
                interval: timeouts.pingInterval.nanoseconds, timeout: timeouts.pongTimeout.nanoseconds,
                slowConsumer: timeouts.slowConsumer.nanoseconds), now: worker.loop.now)
        idleSince = worker.loop.now
        account = MemoryAccount(on: worker.loop.memory)
    }

    /// Begins on a connection; the pool is told of the peer's settings, or that none came.
    func start(on transport: StreamConnection, within limit: Duration) throws(HTTP2Error) {
        let connection = try HTTP2Connection(
            .client, on: transport, pool.options, owner: self, worker: worker,
            gather: pool.sharedOptions.gather.nanoseconds)
        self.connection = connection
        account = transport.account
        if limit > .zero { arm(.opening, after: limit.nanoseconds) }
        connection.start()
    }

    var session: HTTP2Session? { connection?.session }
    var contexts: ContextShare? { connection?.transport.contexts }
    /// How far what all its streams send has got.
    var outflow: Outflow { connection?.transport.outflow ?? Outflow() }

    /// Ends in order, for a connection that carries nothing.
    func close() { session?.terminate(.noError) }

    private func fail(_ cause: String, _ loss: HTTP2ConnectionLoss) {
        guard phase != .over else { return }
        let connection = self.connection
        over(cause, isCertain: false)
        connection?.close(loss)
    }

    private func over(_ cause: String, isCertain: Bool) {
        let wasOpening = phase == .opening
        phase = .over
        worker.loop.cancel(timer)
        timer = nil
        lingering = []
        connection = nil
        pool.lost(self)
        if wasOpening { pool.refused(cause, isCertain: isCertain) }
    }

    // MARK: HTTP2ConnectionOwner

    func connectionOpened(_ stream: HTTP2Stream, _ head: HTTP2RequestHead) { stream.reset(.refusedStream) }

    func connectionSettings(_ settings: HTTP2PeerSettings) {
        guard phase != .over else { return }
        let isFirst = phase == .opening
        if isFirst {
            phase = .open
            worker.loop.cancel(timer)
            arm(.check, after: SharedConnectionWatch.step)
        }
        pool.opened(self, settings, isFirst: isFirst)
    }

    func connectionGoAway(lastStream: Int32, code: HTTP2Code) {
        worker.log.tell(.lineLeaves(pool.name, code.description))
        if code == .http11Required { pool.wantsHTTP1() }
        pool.leaves(self)
    }

    func connectionPong() {
        watch.ponged()
        tellStalled()
    }

    func connectionEnded(_ end: HTTP2ConnectionEnd) {
        guard phase != .over else { return }
        connection?.transport.close()
        if end != .finished, phase == .open { worker.log.tell(.lineLost(pool.name, end.reason)) }
        if case .http2 = end { over(end.reason, isCertain: true) } else { over(end.reason, isCertain: false) }
    }

    // MARK: Streams

    /// A session was refused with HTTP_1_1_REQUIRED.
    func wantsSessionsOverHTTP1() { pool.wantsSessionsOverHTTP1() }

    func carriedStreamEnded() {
        if session?.streamCount == 0 { idleSince = worker.loop.now }
        pool.streamEnded(on: self)
    }

    let asks = true

    /// A stream that our side has ended is reset when the peer doesn't end its own.
    func linger(_ stream: HTTP2Stream) { lingering.append((stream, worker.loop.now)) }

    private func endLingering() {
        guard !lingering.isEmpty else { return }
        let now = worker.loop.now
        lingering.removeAll { stream, since in
            if !stream.isClosed, now - since < Self.lingerTime { return false }
            stream.reset(stream.hasEnded ? .noError : .cancel)
            return true
        }
    }

    // MARK: Time

    private func arm(_ kind: Timer, after delay: UInt64) {
        timer = worker.loop.schedule(self, kind: kind.rawValue, after: delay)
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        guard kind == Timer.check.rawValue, let connection else {
            return fail("no HTTP/2 settings in time", .cut("no settings in time"))
        }
        endLingering()
        let check = watch.check(
            at: worker.loop.now, received: connection.bytesReceived, sent: connection.bytesSent,
            waiting: connection.bufferedBytes
        ) { connection.transport.outflow }
        switch check {
        case .wait: break
        case .ping: connection.session.ping()
        case .dead: return lose("no answer to a PING", .unanswered)
        case .unread: return lose("takes nothing of what waits", .cut("nothing is read"))
        }
        tellStalled()
        if pool.idleTimeout > .zero, pool.isSpare(self),
            worker.loop.now - idleSince >= pool.idleTimeout.nanoseconds
        {
            close()
        }
        arm(.check, after: SharedConnectionWatch.step)
    }

    private func lose(_ cause: String, _ loss: HTTP2ConnectionLoss) {
        worker.log.tell(.lineLost(pool.name, cause))
        fail(cause, loss)
    }

    private func tellStalled() {
        let isStalled = watch.isStalled(at: worker.loop.now)
        guard isStalled != wasStalled else { return }
        wasStalled = isStalled
        if isStalled { worker.log.tell(.lineStalled(pool.name, streams: session?.streamCount ?? 0)) }
        pool.stalls(self, isStalled)
    }
}
