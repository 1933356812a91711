internal import Configuration
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import PerMessageDeflate

/// One stream of a client's HTTP/2 connection from its request to its session or answer.
///
/// Decides as `ClientConnection` does, by `RouteStep`. What comes before somebody wants it waits here, and counts
/// against the stream's window.
final class HTTP2Request: HTTP2StreamReceiver, TimerTarget, TurnTarget {
    private enum Phase { case upgrade, exchange, answering, over }
    private enum Timer: UInt8 { case body, answer }

    let client: HTTP2Client
    let stream: HTTP2Stream
    private var phase = Phase.upgrade
    private var attempt: (any PendingUpgrade)?
    private var exchange: Exchange?
    private var record: ExchangeRecord?
    private var leave: (() -> Void)?
    private var timer: TimerToken?
    private var early: [UInt8] = []
    private var trailers = HeaderFields()
    private var isBodyPaused = false
    private var isTurnAwaited = false
    private var resetsWhenDrained = false
    private var lastBody: UInt64 = 0
    private var stalledBytes = 0

    init(_ stream: HTTP2Stream, of client: HTTP2Client) {
        self.stream = stream
        self.client = client
    }

    private var worker: Worker { client.worker }

    private func arm(_ kind: Timer, after delay: UInt64) {
        worker.loop.cancel(timer)
        timer = delay > 0 ? worker.loop.schedule(self, kind: kind.rawValue, after: delay) : nil
    }

    // MARK: The request

    func begin(_ head: HTTP2RequestHead) {
        guard !stream.isTooLarge else {
            let limit = worker.generation.configuration.limits.requestHead
            return refuse(Refusal(status: 431, reason: "head larger than \(limit) bytes"))
        }
        let request = StreamRequest(
            method: head.method, authority: head.authority, path: head.path, protocolName: head.protocolName,
            fields: HeaderFields(head.fields), endsStream: stream.hasEnded)
        let key = WebSocketKey.make(from: worker.randomKeyBytes())
        switch request.judge(key: key, limits: worker.headLimits) {
        case .refuse(let refusal): refuse(refusal, host: head.authority, path: head.path)
        case .head(let head): route(head)
        }
    }

    private func route(_ head: RequestHead) {
        if client.listener.redirectsToHTTPS { return redirect(head) }
        let step = RouteStep(
            generation: worker.generation, head: head, address: client.address,
            isSecure: client.listener.tls != nil, memoryPressure: worker.contextMemory.pressure,
            certificate: client.certificate)
        switch step.decide(requestID: worker.requestID()) {
        case .refuse(let refusal): refuse(refusal, host: head.fields.first("host"), path: head.target)
        case .respond(let response): respond(response, to: head)
        case .exchange(let plan): if enter(plan.route, plan.host, plan.head.target) { begin(plan) }
        case .upgrade(let plan): if enter(plan.route, plan.host, plan.path) { ask(plan) }
        }
    }

    private func enter(_ route: Route, _ host: String, _ path: String) -> Bool {
        do throws(RouteOccupancy.Refused) {
            let place = try route.enter(client: client.address)
            leave = { place.leave() }
            stream.raiseWindow(to: route.limits.buffer)
            return true
        } catch {
            refuse(worker.refusal(error), host: host, path: path)
            return false
        }
    }

    private func redirect(_ head: RequestHead) {
        let host = RequestTarget.hostName(head.fields.first("host") ?? "")
        let location = HeaderFields.Field("Location", "https://\(host)\(head.target)")
        refuse(Refusal(status: 308, reason: "use https", fields: [location]), host: host, path: head.target)
    }

    // MARK: WebSockets

    private func ask(_ plan: UpgradePlan) {
        attempt = worker.open(plan) { [weak self] outcome in
            self?.attempt = nil
            self?.answered(outcome, plan)
        }
    }

    private func answered(_ outcome: UpgradeOutcome, _ plan: UpgradePlan) {
        guard phase == .upgrade else { return }
        switch outcome {
        case .accepted(let connection, let backend, let accepted, let backendEarly):
            begin(plan, accepted) { transport, address, early, onEnd in
                let session = SessionAssembly(plan: plan, accepted: accepted, worker: worker).session(
                    client: transport, address: address, backend: connection, on: backend, onEnd: onEnd)
                session.begin(clientEarly: early, backendEarly: backendEarly)
            }
        case .joined(let feed, let accepted):
            begin(plan, accepted) { transport, address, early, onEnd in
                feed.subscribe(transport, address: address, plan, early: early, onEnd: onEnd)
            }
        case .refused(let request, let backend, let head):
            worker.log.backendRefused(plan, status: head.status, client: client.address)
            dropEarly()
            phase = .exchange
            let exchange = Exchange(
                refusedBy: backend, request, plan, client: self,
                responder: HTTP2Responder(stream, to: plan.head), worker: worker)
            self.exchange = exchange
            exchange.start()
        case .failed(let status, let reason, _, _):
            refuse(worker.refusal(status, reason), host: plan.host, path: plan.path)
        }
    }

    /// The stream becomes the session's transport: what the other side of an upgrade is in HTTP/1.1 (RFC 8441, 5).
    private func begin(
        _ plan: UpgradePlan, _ accepted: AcceptedUpgrade,
        _ takeOver: (any ByteTransport, String, [UInt8], @escaping () -> Void) -> Void
    ) {
        phase = .over
        stream.respond(plan.streamAnswer(accepted), endsStream: false)
        let transport = HTTP2StreamTransport(stream, on: worker.loop)
        let leave = self.leave
        self.leave = nil
        let waiting = early
        early = []
        takeOver(transport, client.address, waiting) { leave?() }
        stream.consume(waiting.count)
    }

    // MARK: Plain requests

    private func begin(_ plan: RequestPlan) {
        guard let upstream = worker.upstream(plan.upstream) else {
            return refuse(
                worker.refusal(503, "no backend is available"), host: plan.host, path: plan.head.target)
        }
        phase = .exchange
        let exchange = Exchange(
            plan, upstream: upstream, client: self, responder: HTTP2Responder(stream, to: plan.head),
            worker: worker)
        self.exchange = exchange
        record = ExchangeRecord(plan, address: client.address, began: worker.loop.now)
        exchange.start()
    }

    private func respond(_ response: RouteResponse, to head: RequestHead) {
        var fields = HTTP2Fields()
        fields.append("content-type", response.contentType)
        fields.append("content-length", String(response.body.utf8.count))
        answer(
            HTTP2ResponseHead(status: response.status, fields: fields),
            head.method == "HEAD" ? [] : Array(response.body.utf8))
    }

    private func refuse(_ refusal: Refusal, host: String? = nil, path: String? = nil) {
        worker.log.refused(client: client.address, host: host, path: path, refusal)
        let (fields, body) = refusal.streamAnswer
        answer(HTTP2ResponseHead(status: refusal.status, fields: HTTP2Fields(fields)), body)
    }

    private func answer(_ head: HTTP2ResponseHead, _ body: [UInt8]) {
        stream.respond(head, endsStream: body.isEmpty)
        if !body.isEmpty {
            stream.write(body.span)
            stream.finish()
        }
        answered()
    }

    /// The answer is composed. A client that still sends a body is told that nobody wants it, once the answer has gone
    /// (RFC 9113, 8.1); one that doesn't take the answer is given up.
    private func answered() {
        phase = .answering
        dropEarly()
        leave?()
        leave = nil
        stalledBytes = stream.bufferedBytes
        arm(.answer, after: worker.generation.configuration.timeouts.slowConsumer)
        guard !stream.hasEnded else { return }
        resetsWhenDrained = true
        if stream.bufferedBytes == 0 { worker.loop.nextTurn { [weak self] in self?.streamDrained() } }
    }

    private func dropEarly() {
        stream.consume(early.count)
        early = []
    }

    // MARK: The request's body

    /// Gives the exchange what waits of the body, and its end.
    private func passBody() {
        guard let exchange, exchange.takesBody, !isBodyPaused else { return }
        if !early.isEmpty {
            let waiting = early
            early = []
            exchange.bodyReceived(waiting.span)
            stream.consume(waiting.count)
        }
        if stream.hasEnded, exchange.takesBody { exchange.bodyEnded(trailers: trailers) }
        exchange.bodyPaused()
    }

    func turnEnded() {
        isTurnAwaited = false
        exchange?.bodyPaused()
    }

    private func awaitTurn() {
        guard !isTurnAwaited else { return }
        isTurnAwaited = true
        worker.loop.atTurnEnd(self)
    }

    // MARK: HTTP2StreamReceiver

    func streamAnswered(_ head: HTTP2ResponseHead) {}

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        let count = bytes.count
        lastBody = worker.loop.now
        switch phase {
        case .exchange where early.isEmpty && !isBodyPaused && exchange?.takesBody == true:
            exchange?.bodyReceived(bytes.span)
            stream.consume(count)
            awaitTurn()
        case .upgrade, .exchange:
            early.reserveCapacity(early.count + count)
            for index in 0..<count { early.append(bytes[index]) }
        case .answering, .over: stream.consume(count)
        }
    }

    func streamTrailers(_ fields: HTTP2Fields) { trailers = HeaderFields(fields) }

    func streamEnded() {
        switch phase {
        case .exchange: passBody()
        case .upgrade where attempt != nil: cancel()
        case .upgrade, .answering, .over: break
        }
    }

    func streamDrained() {
        exchange?.clientDrained()
        if phase == .answering, resetsWhenDrained, !stream.hasEnded { stream.reset(.noError) }
    }

    func streamClosed(_ code: HTTP2Code) {
        cancel()
    }

    /// The client has gone, or ended a WebSocket before it began.
    private func cancel() {
        phase = .over
        worker.loop.cancel(timer)
        timer = nil
        attempt?.cancel()
        attempt = nil
        exchange?.cancel()
        if exchange != nil { log(.broken) }
        exchange = nil
        leave?()
        leave = nil
        if !stream.isClosed { stream.reset(.cancel) }
    }

    // MARK: Time

    func timerFired(_ kind: UInt8) {
        timer = nil
        switch Timer(rawValue: kind) {
        case .body:
            let limit = worker.generation.configuration.timeouts.requestBody
            let silence = worker.loop.now &- lastBody
            guard phase == .exchange, let exchange, !exchange.isRequestComplete else { return }
            if isBodyPaused || silence < limit { return arm(.body, after: limit) }
            exchange.cancel()
            self.exchange = nil
            refuse(Refusal(status: 408, reason: "request body did not arrive in time"))
        case .answer: lookWhetherTaken()
        case nil: break
        }
    }

    /// A client whose window stays closed is given up: its answer would wait for ever (RFC 9113, 10.5).
    private func lookWhetherTaken() {
        let waiting = stream.bufferedBytes
        guard waiting > 0, !stream.isClosed else { return }
        guard waiting < stalledBytes else {
            worker.log.http2Cut(client, .stall(stream: stream.id))
            return stream.reset(.cancel)
        }
        stalledBytes = waiting
        arm(.answer, after: worker.generation.configuration.timeouts.slowConsumer)
    }
}

extension HTTP2Request: ExchangeClient {
    func exchangeWantsBody() {
        lastBody = worker.loop.now
        passBody()
        guard let exchange, !exchange.isRequestComplete else { return }
        arm(.body, after: worker.generation.configuration.timeouts.requestBody)
    }

    func exchangeBodyPaused(_ isPaused: Bool) {
        isBodyPaused = isPaused
        if !isPaused { passBody() }
    }

    func exchangeEnded(_ end: ExchangeEnd) {
        log(end)
        exchange = nil
        switch end {
        case .next, .last: answered()
        case .refuse(let refusal): refuse(refusal)
        case .broken:
            phase = .over
            leave?()
            leave = nil
            stream.reset(.internalError)
        }
    }

    private func log(_ end: ExchangeEnd) {
        guard let record, let exchange else { return }
        self.record = nil
        worker.log.exchangeEnded(record, exchange, end, at: worker.loop.now)
    }
}

extension UpgradePlan {
    /// The 200 for the client's stream, once the backend has accepted (RFC 8441, 5): as the 101, without what belongs to
    /// a connection or proves that it was understood.
    func streamAnswer(_ accepted: AcceptedUpgrade) -> HTTP2ResponseHead {
        var fields = HTTP2Fields()
        if let subprotocol = accepted.subprotocol { fields.append("sec-websocket-protocol", subprotocol) }
        if let extensions = extensions(accepted) { fields.append("sec-websocket-extensions", extensions) }
        let application = HTTP2Fields.ofStream(HopByHop.applicationFields(of: accepted.fields))
        for index in 0..<application.count {
            fields.append(application.name(index), application.value(index))
        }
        return HTTP2ResponseHead(status: 200, fields: fields)
    }
}
