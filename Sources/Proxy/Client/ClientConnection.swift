internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import TLS
internal import WebSocketProtocol

/// A client from accept to the moment its session begins or its connection ends.
///
/// Reads one request after the other, decides by `RouteStep`, and answers each before it looks at the next: an upgrade
/// by `UpgradeAttempt`, after which the transport goes to a `Session`; a plain request by `Exchange`.
///
/// What the client sends early waits in `early` and in the kernel. All bytes are looked at in the order of their coming:
/// what comes while anything is in `early` goes behind it. And nothing is looked at before the client has taken the
/// answers to what it asked before (RFC 9112, 9.3.2): one that reads nothing is asked to wait, not answered into memory.
final class ClientConnection: LiveClient, RequestServer, TransportReceiver, TimerTarget {
    /// `between`: a request was answered, and the next one is not looked at yet.
    enum Phase: UInt8 { case handshake, head, upgrade, exchange, between, answering, over }

    private static let graceWhenDraining: UInt64 = 1_000_000_000
    /// For its first bytes, while too much is held for others: they say in which version it is to be refused.
    private static let graceWhenFull: UInt64 = 1_000_000_000

    let worker: Worker
    let transport: StreamConnection
    let peer: String
    var address: String
    let listener: ListenerFacts
    /// Where the worker keeps it.
    var position = -1
    var phase: Phase
    var parser: RequestHeadParser
    var early: HeldBytes
    /// Of a head that is incomplete, or of the request under way.
    var headCharge: MemoryCharge
    /// Whether the client takes its answers, and how long the end is waited for.
    var stall = StallWatch()
    private var closingClock: ClosingClock?
    /// The client has ended its side; what it asked before is still answered.
    var hasEnded = false
    var attempt: (any PendingUpgrade)?
    private var timer: TimerToken?
    var exchange: Exchange?
    /// Where the body of the request under way ends.
    private var body = BodyReader(.none)
    /// Of its trailers.
    private var bodyCharge: MemoryCharge
    var record: RequestRecord?
    var leave: (() -> Void)?
    var requests = 0
    /// Came while too much was held for others.
    private var isHurried = false
    /// Until it is known which version is spoken: over TLS the handshake says it.
    var sniffer: PrefaceSniffer?

    init(_ transport: StreamConnection, address: String, listener: ListenerFacts, worker: Worker) {
        self.transport = transport
        peer = address
        self.address = address
        self.listener = listener
        self.worker = worker
        early = HeldBytes(on: transport.account)
        headCharge = MemoryCharge(to: transport.account)
        bodyCharge = MemoryCharge(to: transport.account)
        parser = RequestHeadParser(limits: worker.headLimits)
        phase = listener.tls == nil ? .head : .handshake
        if listener.tls == nil, listener.speaksHTTP2 { sniffer = PrefaceSniffer() }
    }

    func start() {
        transport.receiver = self
        // What comes behind a head must be kept: not more of it is read than the head might have been.
        transport.limitReads(to: max(worker.headLimits.bytes, 4096))
        let timeouts = worker.generation.configuration.timeouts
        if phase == .handshake { arm(timeouts.handshake) } else { awaitFirstRequest() }
        transport.resumeReading()
    }

    private func awaitFirstRequest() {
        let limit = worker.generation.configuration.timeouts.requestHead
        isHurried = worker.loop.memory.pool.isOver
        arm(isHurried ? min(limit > 0 ? limit : .max, Self.graceWhenFull) : limit)
    }

    /// One that came while too much was held, and has asked for nothing, is refused, or waited for if there is room again.
    private func turnedAway() -> Bool {
        guard isHurried, requests == 0, parser.isEmpty else { return false }
        isHurried = false
        guard worker.loop.memory.pool.isOver else {
            arm(worker.generation.configuration.timeouts.requestHead)
            return true
        }
        refuse(Fault(.memory), host: nil, path: nil)
        return true
    }

    /// Whether no request is being served: it may be closed without ceremony.
    var isIdle: Bool { phase == .handshake || phase == .head }

    func arm(_ delay: UInt64) {
        worker.loop.cancel(timer)
        // While the process drains nobody has long to begin.
        let delay = worker.isDraining && isIdle ? min(delay, Self.graceWhenDraining) : delay
        timer = delay > 0 ? worker.loop.schedule(self, kind: phase.rawValue, after: delay) : nil
    }

    // MARK: TransportReceiver

    func transportOpened() {
        worker.metrics.countTLS(transport)
        if transport.applicationProtocol == "h2" { return becomeHTTP2([]) }
        // Without ALPN its first bytes say what it speaks: where that is to be HTTP/2 alone, it is told so.
        if !listener.speaksHTTP1 { sniffer = PrefaceSniffer() }
        phase = .head
        awaitFirstRequest()
    }

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard early.isEmpty else { return keepEarly(bytes.span, from: 0) }
        switch phase {
        case .head: if sniffer == nil { readHead(bytes.span) } else { sniff(bytes.span) }
        case .exchange:
            keepEarly(bytes.span, from: passBody(bytes.span))
        case .upgrade, .between: keepEarly(bytes.span, from: 0)
        case .handshake, .answering, .over: break
        }
    }

    /// The transport is another's from here on.
    func leaveTransport() {
        phase = .over
        transport.limitReads(to: nil)
        arm(0)
    }

    func transportDrained() {
        exchange?.clientDrained()
        if phase == .between { nextRequest() }
    }

    func transportEnded() {
        // One that asked for the connection's end may have ended its own side already, and waits for the answer.
        if phase == .exchange, let exchange, exchange.isRequestComplete, record?.isLast == true {
            return
        }
        guard early.isEmpty, phase != .between else { return hasEnded = true }
        end()
    }

    func transportFailed(_ error: TransportError) {
        if case .tls(let reason) = error, phase == .handshake {
            worker.log.handshakeFailed(client: address, listener: listener.name, reason)
            if case .notTLS(looksLikeHTTP: true) = reason {
                phase = .answering
                transport.writeUnencrypted(worker.refusal(Fault(.plainText)).response.span)
                transport.finish()
            }
        }
        end("client left: \(error)")
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        switch phase {
        case .handshake:
            worker.log.handshakeFailed(
                client: address, listener: listener.name, .protocolViolation("handshake too slow"))
            end()
        case .head:
            if turnedAway() { return }
            // A connection on which nothing was ever asked is closed silently, as browsers expect of spare ones.
            if parser.isEmpty {
                // Of one that still takes its last answer from the kernel.
                if requests > 0, stall.delivers(transport.outflow) { return armKeepAlive() }
                return end()
            }
            refuse(Fault(.slowHead), host: nil, path: nil)
        case .between: lookWhetherTaken()
        case .answering: lookWhetherOver()
        case .upgrade, .exchange, .over: break  // None is armed: what is under way has its own.
        }
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
        takeOver(transport, early.takeArray()) { leave?() }
        // Last: with nothing left to look after, a draining worker would end.
        worker.forget(self)
    }

    // MARK: The end

    func refuse(_ fault: Fault, host: String?, path: String?) {
        worker.log.refused(
            record.take(), client: address, host: host, path: path, fault, at: worker.loop.now)
        tell(fault)
    }

    private func tell(_ fault: Fault) {
        phase = .answering
        let answer = worker.refusal(fault).response
        transport.write(answer.span)
        linger()
    }

    /// Ends in order: what the client still sends is read and dropped, or a reset would eat our answer.
    private func linger() {
        phase = .answering
        early.removeAll()
        headCharge.set(0)
        bodyCharge.set(0)
        transport.finish()
        transport.resumeReading()
        let clock = ClosingClock(
            limit: worker.generation.configuration.timeouts.close, at: worker.loop.now)
        closingClock = clock
        arm(clock.firstLook)
    }

    /// A client that still takes its answer is waited for.
    private func lookWhetherOver() {
        let getsOn = stall.delivers(transport.outflow)
        guard let wait = closingClock?.check(at: worker.loop.now, hasMoved: getsOn) else { return end() }
        arm(wait)
    }

    // MARK: The exchange

    func enterExchange(_ exchange: Exchange, framing: BodyFraming) {
        phase = .exchange
        body = BodyReader(framing)
        self.exchange = exchange
        if !exchange.isRequestComplete { transport.pauseReading() }
    }

    /// What comes early now is no WebSocket's.
    func enterRefusal(_ exchange: Exchange) {
        early.removeAll()
        phase = .exchange
        self.exchange = exchange
        transport.resumeReading()
        exchange.start()
    }

    func exchangeWantsBody() {
        let waiting = early.take()
        keepEarly(waiting.span, from: passBody(waiting.span))
        guard let exchange, phase == .exchange, early.isEmpty else { return }
        if !exchange.isRequestComplete {
            transport.limitReads(to: nil)
        }
        transport.resumeReading()
    }

    /// Gives the exchange what of these bytes is its request's body. Returns where the rest begins.
    private func passBody(_ bytes: Span<UInt8>) -> Int {
        guard let exchange, exchange.takesBody else { return 0 }
        var position = 0
        do throws(BodyError) {
            while exchange.takesBody, let piece = try body.next(bytes, from: &position) {
                switch piece {
                case .data(let range): exchange.bodyReceived(bytes.extracting(range))
                case .end(let trailers): exchange.bodyEnded(trailers: trailers)
                }
            }
        } catch {
            exchange.bodyMalformed(error)
        }
        bodyCharge.set(body.keptBytes)
        exchange.bodyPaused()
        return position
    }

    func exchangeBodyPaused(_ isPaused: Bool) {
        if isPaused {
            transport.pauseReading()
        } else if early.isEmpty {
            transport.resumeReading()
        }
    }

    func logExchange(_ end: ExchangeEnd) {
        guard let exchange, let record = record.take() else { return }
        worker.log.exchangeEnded(record, exchange, end, at: worker.loop.now)
    }

    func goOn() {
        leaveRoute()
        nextRequestSoon()
    }

    func finishAnswering() {
        exchange = nil
        linger()
    }

    func breakOff() {
        exchange = nil
        transport.abort()
        end()
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
        if requests > 0, parser.isEmpty { return end() }
        arm(Self.graceWhenDraining)
    }

    /// - Parameter cause: why, where a request is under way.
    func end(_ cause: String = "client left") {
        guard position >= 0 else { return }
        givenUp(cause)
        phase = .over
        worker.loop.cancel(timer)
        timer = nil
        attempt?.cancel()
        attempt = nil
        exchange?.cancel()
        exchange = nil
        transport.close()
        leaveRoute()
        worker.forget(self)
    }
}
