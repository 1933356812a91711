internal import Configuration
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol

/// The body of a request on a stream, as far as it has come and nobody has taken it.
struct HTTP2RequestBody: ~Copyable {
    private var waiting: HeldBytes
    /// What came behind it.
    private(set) var trailers = HeaderFields()
    private var trailerCharge: MemoryCharge
    /// The backend takes no more at present.
    var isPaused = false

    /// - Parameter account: of the client's connection.
    init(on account: MemoryAccount) {
        waiting = HeldBytes(on: account)
        trailerCharge = MemoryCharge(to: account)
    }

    var isEmpty: Bool { waiting.isEmpty }

    mutating func keep(_ bytes: Span<UInt8>) { waiting.append(bytes) }

    mutating func keep(trailers: HeaderFields) {
        self.trailers = trailers
        trailerCharge.set(trailers.keptBytes)
    }

    /// All of it, for somebody who gives it back to flow control.
    mutating func take() -> [UInt8] { waiting.takeArray() }
}

// Plain requests: what a stream does while one is carried to a backend and back.
extension HTTP2Request: ExchangeClient, TurnTarget {
    func begin(_ plan: RequestPlan) {
        guard let upstream = worker.upstream(plan.upstream) else {
            return refuse(Fault(.noBackend), host: plan.host, path: plan.path)
        }
        enter(
            Exchange(
                plan, upstream: upstream, client: self,
                responder: HTTP2Responder(
                    stream, on: self.client.transport, to: plan.head, edits: plan.responseEdits),
                worker: worker))
    }

    func pass(
        _ request: any UpstreamRequest, _ head: ResponseHead, from backend: Backend,
        refusing plan: UpgradePlan
    ) {
        guard !wouldOpen(head.status) else {
            request.cancel()
            return refuse(Fault(.openingAnswer(status: head.status)), host: plan.host, path: plan.path)
        }
        stream.consume(body.take().count)
        enter(
            Exchange(
                refusedBy: backend, request, plan, client: self,
                responder: HTTP2Responder(
                    stream, on: self.client.transport, to: plan.head, edits: plan.responseEdits),
                worker: worker))
    }

    private func enter(_ exchange: Exchange) {
        phase = .exchange
        self.exchange = exchange
        exchange.start()
    }

    // MARK: The body

    func bodyReceived(_ bytes: Span<UInt8>) {
        guard body.isEmpty, !body.isPaused, let exchange, exchange.takesBody else { return body.keep(bytes) }
        exchange.bodyReceived(bytes)
        stream.consume(bytes.count)
        guard !isTurnAwaited else { return }
        isTurnAwaited = true
        worker.loop.atTurnEnd(self)
    }

    func turnEnded() {
        isTurnAwaited = false
        exchange?.bodyPaused()
    }

    /// Gives the exchange what waits of the body, and its end.
    func passBody() {
        guard let exchange, exchange.takesBody, !body.isPaused else { return }
        let waiting = body.take()
        if !waiting.isEmpty {
            exchange.bodyReceived(waiting.span)
            stream.consume(waiting.count)
        }
        if stream.hasEnded, exchange.takesBody { exchange.bodyEnded(trailers: body.trailers) }
        exchange.bodyPaused()
    }

    // MARK: ExchangeClient

    func exchangeWantsBody() { passBody() }

    func exchangeBodyPaused(_ isPaused: Bool) {
        body.isPaused = isPaused
        if !isPaused { passBody() }
    }

    func exchangeEnded(_ end: ExchangeEnd) {
        log(end)
        exchange = nil
        switch end {
        case .next, .last: answered()
        case .refuse(let fault): tell(fault)
        case .broken:
            phase = .over
            leaveRoute()
            stream.reset(.internalError)
        }
    }

    func log(_ end: ExchangeEnd) {
        guard let exchange, let record = record.take() else { return }
        worker.log.tell(.exchangeEnded(record, exchange.given, end, at: worker.loop.now))
    }
}
