internal import BasicContainers
internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import TLS
internal import WebSocketProtocol

/// A client from accept to the moment its session begins or its connection ends.
///
/// Reads one request after the other (`HTTP1Connection`), decides by `RouteStep`, and answers each before it looks at the
/// next: an upgrade by `UpgradeAttempt`, after which the transport goes to a `Session`; a plain request by `Exchange`.
final class ClientConnection: HTTP1Connection, LiveClient, RequestServer {
    private static let graceWhenDraining = Duration.seconds(1).nanoseconds
    /// For its first bytes, while too much is held for others: they say in which version it is to be refused.
    private static let graceWhenFull = Duration.seconds(1).nanoseconds

    let worker: ClientContext
    let peer: String
    var address: String
    let listener: ListenerFacts
    /// Where the worker keeps it.
    var position = -1
    var attempt: (any PendingUpgrade)?
    var exchange: Exchange?
    var record: RequestRecord?
    var leave: (() -> Void)?
    /// Came while too much was held for others.
    private var isHurried = false
    /// Why it gets no session that was before, where another process has said so: it is not passed on again.
    var passedBack: ResumeRefusal?
    /// Of the request that it was passed on with by another process.
    var passedHead: RequestHead?
    /// Until it is known which version is spoken: over TLS the handshake says it.
    var sniffer: PrefaceSniffer?

    init(_ transport: StreamConnection, address: String, listener: ListenerFacts, worker: ClientContext) {
        peer = address
        self.address = address
        self.listener = listener
        self.worker = worker
        super.init(
            transport, limits: worker.headLimits, phase: listener.tls == nil ? .head : .handshake,
            on: worker.loop)
        if listener.tls == nil, listener.speaksHTTP2 { sniffer = PrefaceSniffer() }
    }

    func start() {
        transport.receiver = self
        // What comes behind a head must be kept: not more of it is read than the head might have been.
        transport.limitReads(to: max(worker.headLimits.bytes, 4096))
        let timeouts = worker.configuration.timeouts
        if phase == .handshake { arm(timeouts.handshake) } else { awaitFirstRequest() }
        transport.resumeReading()
    }

    private func awaitFirstRequest() {
        let limit = worker.configuration.timeouts.requestHead.nanoseconds
        isHurried = worker.loop.memory.pool.isOver
        arm(isHurried ? min(limit > 0 ? limit : .max, Self.graceWhenFull) : limit)
    }

    /// One that came while too much was held, and has asked for nothing, is refused, or waited for if there is room again.
    override func turnsAway() -> Bool {
        guard isHurried, requests == 0, isBetweenHeads else { return false }
        isHurried = false
        guard worker.loop.memory.pool.isOver else {
            arm(worker.configuration.timeouts.requestHead)
            return true
        }
        refuse(Fault(.memory), host: nil, path: nil)
        return true
    }

    /// Whether no request is being served: it may be closed without ceremony.
    var isIdle: Bool { phase == .handshake || phase == .head }

    /// While the process drains nobody has long to begin.
    override func bounded(_ delay: UInt64) -> UInt64 {
        worker.isDraining && isIdle ? min(delay, Self.graceWhenDraining) : delay
    }

    override var times: HTTP1Times {
        let timeouts = worker.configuration.timeouts
        return HTTP1Times(
            head: timeouts.requestHead, keepAlive: timeouts.keepAlive, slowConsumer: timeouts.slowConsumer,
            close: timeouts.close)
    }

    override var isLeaving: Bool { worker.isDraining }

    override func takesFirst() -> Bool {
        guard worker.loop.memory.pool.isOver else { return true }
        refuse(Fault(.memory), host: nil, path: nil)
        return false
    }

    override func willRead() {
        address = peer
        transport.limitReads(to: max(worker.headLimits.bytes, 4096))
    }

    override func serve(_ head: RequestHead) { route(head) }

    override func refuse(_ error: HeadError) { refuse(Fault(.request(.head(error))), host: nil, path: nil) }

    override func refuseSlowHead() { refuse(Fault(.slowHead), host: nil, path: nil) }

    // MARK: The connection

    override func opened() {
        worker.metrics.countTLS(transport)
        if transport.applicationProtocol == "h2" { return becomeHTTP2([]) }
        // An authority has seen what it came for.
        if transport.applicationProtocol == ALPNChallenges.protocolName {
            return end("client left")
        }
        // Without ALPN its first bytes say what it speaks: where that is to be HTTP/2 alone, it is told so.
        if !listener.speaksHTTP1 { sniffer = PrefaceSniffer() }
        phase = .head
        awaitFirstRequest()
    }

    override func firstBytes(_ bytes: Span<UInt8>) {
        if sniffer == nil { readHead(bytes) } else { sniff(bytes) }
    }

    /// The transport is another's from here on.
    func leaveTransport() {
        phase = .over
        transport.limitReads(to: nil)
        arm(0)
    }

    override func flushed() { exchange?.clientFlushed() }

    override var answersAfterEnd: Bool { exchange?.isRequestComplete == true && record?.isLast == true }

    override func failed(_ error: TransportError) {
        if case .tls(let reason) = error, phase == .handshake {
            worker.log.tell(.handshakeFailed(client: address, listener: listener.name, reason))
            if case .notTLS(looksLikeHTTP: true) = reason {
                phase = .answering
                transport.writeUnencrypted(worker.refusal(Fault(.plainText)).response(isToHead: false).span)
                transport.finish()
            }
        }
        end("client left: \(error)")
    }

    override func handshakeTimedOut() {
        worker.log.tell(
            .handshakeFailed(
                client: address, listener: listener.name, .protocolViolation("handshake too slow")))
        end("client left")
    }

    override func stalled() {
        worker.metrics.add(.slowConsumers, ["client"])
        super.stalled()
    }

    // MARK: The request

    var httpVersion: Int { 1 }
    var certificate: ForwardedCertificate? { transport.clientCertificate }

    /// Reading goes on until something comes: a client that leaves while a backend is asked is noticed.
    func entered(_ route: Route) {}

    /// An answer of a route's own. The connection goes on, unless a body is on its way that nobody wants.
    func respond(_ response: RouteResponse, to head: RequestHead) {
        let framing = (try? head.bodyFraming) ?? .chunked
        let keepsAlive =
            head.keepsAlive && head.minorVersion > 0 && framing == .none && !worker.isDraining
        transport.write(response.encoded(for: head, keepsAlive: keepsAlive).span)
        if keepsAlive { nextRequestSoon() } else { linger() }
    }

    // MARK: The session

    /// Answers with 101 and hands the transport over.
    func begin(_ plan: UpgradePlan, _ accepted: AcceptedUpgrade, _ takeOver: TakeOver) {
        phase = .over
        transport.pauseReading()
        headCharge.set(0)
        let answer = plan.answer(accepted)
        transport.write(answer.span)
        let leave = self.leave
        self.leave = nil
        transport.limitReads(to: nil)
        takeOver(transport, takeEarly(), leave ?? {})
        // Last: with nothing left to look after, a draining worker would end.
        worker.forget(self)
    }

    // MARK: The end

    func refuse(_ fault: Fault, host: String?, path: String?) {
        worker.log.tell(
            .refused(
                record.take(), client: address, host: host, path: path, fault, at: worker.loop.now))
        tell(fault)
    }

    private func tell(_ fault: Fault) {
        phase = .answering
        let answer = worker.refusal(fault).response(isToHead: answersHead)
        transport.write(answer.span)
        linger()
    }

    // MARK: The exchange

    func enterExchange(_ exchange: Exchange, framing: BodyFraming) {
        expectBody(framing)
        self.exchange = exchange
        if !exchange.isRequestComplete { transport.pauseReading() }
    }

    /// What comes early now is no WebSocket's.
    func enterRefusal(_ exchange: Exchange) {
        dropEarly()
        phase = .exchange
        self.exchange = exchange
        transport.resumeReading()
        exchange.start()
    }

    override var takesBody: Bool { exchange?.takesBody ?? false }
    override func bodyReceived(_ bytes: Span<UInt8>) { exchange?.bodyReceived(bytes) }
    override func bodyEnded(trailers: HeaderFields) { exchange?.bodyEnded(trailers: trailers) }
    override func bodyMalformed(_ error: BodyError) { exchange?.bodyMalformed(error) }
    override func bodyPaused() { exchange?.bodyPaused() }

    func logExchange(_ end: ExchangeEnd) {
        guard let exchange, let record = record.take() else { return }
        worker.log.tell(.exchangeEnded(record, exchange.given, end, at: worker.loop.now))
    }

    func goOn() {
        leaveRoute()
        exchange = nil
        nextRequestSoon()
    }

    func finishAnswering() {
        exchange = nil
        linger()
    }

    func breakOff() {
        exchange = nil
        transport.abort()
        end("client left")
    }

    func refuseExchange(_ fault: Fault) {
        logExchange(.refuse(fault))
        exchange?.cancel()
        exchange = nil
        tell(fault)
    }

    /// The process drains: a connection that waits for its next request goes at once. One that is new may be about to
    /// ask, and would be reset: it is given a moment to do so.
    func drain() {
        guard isIdle else { return }
        if requests > 0, isBetweenHeads { return end("client left") }
        arm(Self.graceWhenDraining)
    }

    override func end(_ cause: String) {
        guard position >= 0 else { return }
        givenUp(cause)
        phase = .over
        disarm()
        attempt?.cancel()
        attempt = nil
        exchange?.cancel()
        exchange = nil
        transport.close()
        leaveRoute()
        worker.forget(self)
    }
}
