internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import WebSocketProtocol

/// A client's HTTP/2 connection: its life, while each stream is an `HTTP2Request` and then maybe a session.
///
/// Ends in two steps (RFC 9113, 6.8): a GOAWAY that names no last stream, so that what is on its way is still served,
/// and a moment later one that does. Streams that are open end in their own time.
final class HTTP2Client: LiveClient, HTTP2ConnectionOwner, TimerOwner {
    enum Timer: UInt8 { case phase, head, output }
    private enum Phase { case opening, serving, announced, leaving, closing, over }

    /// Longer than a round trip, for requests that are on their way when the end is announced.
    private static let grace = Duration.seconds(1)

    let worker: ClientContext
    var loop: EventLoop { worker.loop }
    let listener: ListenerFacts
    let address: String
    /// What backends are told of the client's certificate.
    let certificate: ForwardedCertificate?
    /// The one host that it may ask for; nil = any. A client that was asked for a certificate has given it to this host, and
    /// not to others that the connection could be used for as well (RFC 9113, 9.1.1).
    private let onlyHost: String?
    var position = -1
    let transport: StreamConnection
    private var connection: HTTP2Connection?
    private var phase = Phase.opening
    var timers = TimerSlots()
    private var lastBusy: UInt64 = 0
    /// Whether the client takes what is sent, and how long its end is waited for.
    private var stall = StallWatch()
    private var closingClock: ClosingClock?

    /// Takes over a connection on which HTTP/2 was agreed or begun.
    init(_ transport: StreamConnection, address: String, listener: ListenerFacts, worker: ClientContext)
        throws(HTTP2Error)
    {
        self.transport = transport
        self.address = address
        self.listener = listener
        self.worker = worker
        certificate = transport.clientCertificate
        onlyHost =
            listener.asksForCertificates
            ? transport.serverName.map { RequestTarget.hostName($0) } : nil
        connection = try HTTP2Connection(
            .server, on: transport,
            HTTP2Options(
                worker.generation, listener,
                offersWebSockets: !worker.generation.strays.covers(address, at: worker.loop.now)),
            owner: self, worker: worker)
    }

    /// Whether the connection was made for the host that is asked for.
    func isMade(for head: RequestHead) -> Bool {
        onlyHost.map { $0 == RequestTarget.hostName(head.fields.first(.host) ?? "") } ?? true
    }

    func start() {
        worker.metrics.add(.http2Connections)
        connection?.start()
        armUnlessOff(.phase, after: timeouts.requestHead)
        if worker.isDraining { drain() }
    }

    var account: MemoryAccount { transport.account }

    /// What came before the connection was taken over.
    func received(_ bytes: inout MutableSpan<UInt8>) { connection?.transportReceived(&bytes) }

    private var timeouts: TimeoutsConfiguration { worker.configuration.timeouts }

    func timerFired(_ timer: Timer) {
        switch timer {
        case .phase: phaseOver()
        case .head:
            worker.log.tell(.http2Cut(client: address, listener: listener.name, .slowHead))
            connection?.session.terminate(.enhanceYourCalm)
        case .output: checkWhetherRead()
        }
    }

    private func phaseOver() {
        switch phase {
        case .opening:
            worker.log.tell(.http2Cut(client: address, listener: listener.name, .silence))
            connection?.session.terminate(.protocolError)
        case .serving: lookForStreams()
        case .announced:
            phase = .leaving
            connection?.session.refuseStreams()
        case .leaving: break
        case .closing: checkWhetherOver()
        case .over: forget()
        }
    }

    /// Between two looks at least one stream must have been there.
    private func lookForStreams() {
        let keepAlive = timeouts.keepAlive.nanoseconds
        let now = worker.loop.now
        if connection?.session.streamCount ?? 0 > 0 { lastBusy = now }
        guard now &- lastBusy >= keepAlive else {
            return armUnlessOff(.phase, after: keepAlive &- (now &- lastBusy))
        }
        drain()
    }

    func drain() {
        guard phase == .opening || phase == .serving else { return }
        phase = .announced
        connection?.session.announceEnd()
        arm(.phase, after: Self.grace)
    }

    /// A client that reads nothing holds all its streams up, and can't be told that they end.
    private func checkWhetherRead() {
        guard let connection, connection.bufferedBytes > 0 else { return stall.ended() }
        switch stall.check(transport.outflow, at: worker.loop.now, limit: timeouts.slowConsumer.nanoseconds) {
        case .idle: break
        case .wait(let time): arm(.output, after: time)
        case .stalled:
            worker.log.tell(.http2Cut(client: address, listener: listener.name, .unread))
            forget(.cut("nothing is read"))
        }
    }

    /// What was said last is waited for as long as it is being taken.
    private func checkWhetherOver() {
        let getsOn = stall.delivers(transport.outflow)
        guard let wait = closingClock?.check(at: worker.loop.now, hasMoved: getsOn) else { return forget() }
        arm(.phase, after: wait)
    }

    private func forget(_ loss: HTTP2ConnectionLoss = .lost("connection ended")) {
        guard position >= 0 else { return }
        phase = .over
        disarm(.phase)
        disarm(.head)
        disarm(.output)
        connection?.close(loss)
        connection = nil
        worker.forget(self)
    }

    // MARK: HTTP2ConnectionOwner

    func connectionOpened(_ stream: HTTP2Stream, _ head: HTTP2RequestHead) {
        lastBusy = worker.loop.now
        worker.metrics.add(.http2Streams)
        let request = HTTP2Request(stream, of: self)
        stream.receiver = request
        request.begin(head)
    }

    func connectionRefusedStream() { worker.metrics.add(.http2RefusedStreams) }

    func connectionSettings(_ settings: HTTP2PeerSettings) {
        guard phase == .opening else { return }
        phase = .serving
        lastBusy = worker.loop.now
        armUnlessOff(.phase, after: timeouts.keepAlive)
    }

    func connectionHeadPending(_ isPending: Bool) {
        if isPending { armUnlessOff(.head, after: timeouts.requestHead) } else { disarm(.head) }
    }

    func connectionBlocked() {
        guard !isArmed(.output), timeouts.slowConsumer > .zero else { return }
        stall.began(at: worker.loop.now)
        arm(.output, after: StallWatch.firstLook(timeouts.slowConsumer.nanoseconds))
    }

    /// The client will open no more; what is open goes on.
    func connectionGoAway(lastStream: Int32, code: HTTP2Code) {}
    func connectionPong() {}

    func connectionEnded(_ end: HTTP2ConnectionEnd) {
        switch end {
        case .http2(let error):
            worker.log.tell(.http2Cut(client: address, listener: listener.name, .error(error)))
        case .finished, .transport: break
        }
        phase = .closing
        // What was said last is still to be read by the client, or a reset would eat it.
        disarm(.head)
        guard !end.isBroken else { return arm(.phase, after: 1) }
        let clock = ClosingClock(limit: timeouts.close.nanoseconds, at: worker.loop.now)
        closingClock = clock
        arm(.phase, after: clock.firstLook)
    }

    func connectionClosed() { forget() }
}

extension HTTP2ConnectionEnd {
    /// Nothing can be sent any more.
    fileprivate var isBroken: Bool {
        if case .transport = self { true } else { false }
    }
}

extension HTTP2Options {
    /// As the configuration wants clients' connections. Whether extended CONNECT is taken is said once on each: it must
    /// not be taken back (RFC 8441, 3), and a new configuration is for those that come after it.
    fileprivate init(_ generation: Generation, _ listener: ListenerFacts, offersWebSockets: Bool) {
        self = generation.configuration.http2
        maxHeaderList = generation.configuration.limits.head.bytes
        enablesConnect = offersWebSockets && generation.takesWebSockets && listener.redirectPort == nil
    }
}
