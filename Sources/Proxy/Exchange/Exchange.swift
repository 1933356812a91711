internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// One plain request and its answer: the request goes to a backend as it comes, the answer to the client as it comes, and
/// a full side pauses the other. Does what `ExchangeMachine` decides. It knows no protocol version: the client's side
/// writes through a `Responder`, the backend's is an `UpstreamRequest`.
final class Exchange: UpstreamRequestReceiver, AskOwner, TimerOwner {
    typealias Timer = ExchangeTimer

    private enum Origin {
        case client(RequestPlan, Upstream)
        /// An upgrade that a backend has refused.
        case refusal(Backend, any UpstreamRequest)
    }

    private let origin: Origin
    private let route: Route
    let worker: UpstreamContext
    var loop: EventLoop { worker.loop }
    private unowned let client: any ExchangeClient
    let responder: any Responder
    private var machine: ExchangeMachine
    private var ask: Ask?
    private var learner: KeyLearner?
    /// The one that was asked last.
    private(set) var backend: Backend?
    /// Counted among that backend's.
    private var request: (any UpstreamRequest)?
    var timers = TimerSlots()

    /// A request that is still to be sent.
    init(
        _ plan: RequestPlan, upstream: Upstream, client: any ExchangeClient, responder: any Responder,
        worker: UpstreamContext
    ) {
        origin = .client(plan, upstream)
        route = plan.route
        self.client = client
        self.responder = responder
        self.worker = worker
        machine = ExchangeMachine(
            isWhole: plan.framing.isEmpty,
            ExchangeLimits(plan.route, answer: upstream.plainResponseTimeout))
    }

    /// The response to an upgrade that the backend refused: its head has come, the body is still to be passed on.
    init(
        refusedBy backend: Backend, _ request: any UpstreamRequest, _ plan: UpgradePlan,
        client: any ExchangeClient, responder: any Responder, worker: UpstreamContext
    ) {
        origin = .refusal(backend, request)
        route = plan.route
        self.client = client
        self.responder = responder
        self.worker = worker
        machine = ExchangeMachine(isWhole: true, ExchangeLimits(plan.route, answer: .zero))
    }

    func start() {
        switch origin {
        case .client(let plan, let upstream):
            let request = BackendRequest(plan)
            learner = KeyLearner(upstream.settings, request)
            let ask = Ask(upstream, for: request, worker: worker, owner: self)
            self.ask = ask
            ask.start()
        case .refusal(let backend, let request): begin(request, of: backend)
        }
    }

    private func begin(_ request: any UpstreamRequest, of backend: Backend) {
        self.backend = backend
        backend.state.requestBegan()
        self.request = request
        follow(machine.asked(at: worker.loop.now) { request.outflow })
    }

    // MARK: AskOwner

    func asks(_ backend: Backend, on found: Ask.Found) {
        guard case .client(let plan, _) = origin else { return }
        switch found {
        case .connection(let connection):
            begin(
                HTTP1UpstreamRequest(
                    plan.request(), framing: plan.framing, on: connection, pool: backend.pool,
                    headLimits: worker.headLimits), of: backend)
        case .shared(let shared):
            begin(HTTP2UpstreamRequest(plan.request(), framing: plan.framing, on: shared), of: backend)
        }
    }

    func askLetsGo() {
        releaseBackend()?.cancel()
        follow(machine.unasked())
    }

    func askRetried(_ fault: Fault, of backend: Backend) {}

    func askEnded(_ fault: Fault, of backend: Backend?) { follow(machine.failed(fault), failed: backend) }

    // MARK: What is asked

    /// What is waited for, in the log's words.
    var phase: Fault.Phase { machine.phase ?? ask?.phase ?? .choose }

    /// Whether the request's body may come now.
    var takesBody: Bool { machine.takesBody }

    var isRequestComplete: Bool { machine.isRequestWhole }

    // MARK: The client's side

    /// A piece of the request's body; `bodyPaused` follows in the same turn.
    func bodyReceived(_ bytes: Span<UInt8>) {
        let decision = machine.bodyReceived(bytes.count, at: worker.loop.now)
        guard decision.step == .pass else { return follow(decision) }
        ask?.committed()
        request?.body(bytes)
    }

    /// The end of the request's body.
    func bodyEnded(trailers: HeaderFields) {
        let decision = machine.bodyEnded { [request] in request?.outflow ?? Outflow() }
        if decision.step == .pass {
            ask?.committed()
            request?.end(
                trailers: HopByHop.allowedTrailers(
                    trailers, underscores: worker.configuration.underscoreFields))
        }
        follow(decision)
    }

    /// All of the body that came in this turn has been told.
    func bodyPaused() {
        guard let request else { return }
        request.flush()
        let isFull = request.isFull(beyond: route.limits.buffer)
        follow(machine.bodyPaused(isFull: isFull, at: worker.loop.now))
    }

    /// The request's body is no body.
    func bodyMalformed(_ error: BodyError) { follow(machine.failed(Fault(.request(.body(error))))) }

    /// All that was written to the client has gone.
    func clientFlushed() { follow(machine.clientFlushed(at: worker.loop.now)) }

    /// The client has gone.
    func cancel() {
        follow(machine.cancelled())
        close()
    }

    // MARK: The backend's side

    func upstreamInterim(_ head: ResponseHead) {
        let isFull = responder.isFull(beyond: min(4 * 1024, route.limits.buffer))
        if machine.interim(isFull: isFull).step == .pass { responder.interim(head) }
    }

    func upstreamBegan(_ head: ResponseHead, framing: BodyFraming) {
        if head.status == 408, let ask, ask.takesGoodbye {
            return ask.failed(.ended(.goodbye, isAnswered: false))
        }
        let decision = machine.answerBegan(
            isEndless: route.timeouts.isEndless(head), at: worker.loop.now)
        follow(decision)
        guard decision.step == .pass else { return }
        ask?.decided()
        if let backend { learner?.head(head.fields, from: backend) }
        responder.begin(head, framing: framing)
    }

    func upstreamBody(_ bytes: Span<UInt8>) {
        guard machine.answerReceived(at: worker.loop.now).step == .pass else { return }
        if learner != nil, let backend { learner?.body(bytes, from: backend) }
        responder.body(bytes)
    }

    func upstreamEnded(trailers: HeaderFields) {
        let decision = machine.answerEnded()
        follow(decision)
        if decision.step == .pass { responder.end(trailers: HopByHop.allowedTrailers(trailers)) }
    }

    func upstreamPaused() {
        responder.flush()
        let isFull = responder.isFull(beyond: route.limits.buffer)
        follow(
            machine.answerPaused(isFull: isFull, keepsAlive: responder.keepsAlive, at: worker.loop.now))
    }

    func upstreamFlushed() { follow(machine.backendFlushed(at: worker.loop.now)) }

    /// Before an answer has begun it may be asked of another.
    func upstreamFailed(_ fault: Fault) {
        if let ask, machine.awaitsAnswer { ask.failed(fault) } else { follow(machine.failed(fault)) }
    }

    func timerFired(_ timer: ExchangeTimer) {
        let decision = machine.timerFired(timer, at: worker.loop.now) { [request, responder] side in
            side == .client ? responder.outflow : request?.outflow ?? Outflow()
        }
        follow(decision)
    }

    // MARK: Steps

    /// - Parameter failed: the backend that failed, where it was not even asked.
    private func follow(_ decision: OnExchange, failed: Backend? = nil) {
        if decision.disarms != [] {
            for timer in Timer.allCases where decision.disarms.contains(.init(timer)) { disarm(timer) }
        }
        if let begins = decision.arm { arm(begins.timer, after: begins.delay) }
        switch decision.step {
        // The one that told of it passes it on.
        case .wait, .pass: break
        case .flush:
            startRequest()
            request?.flush()
        case .wantBody:
            startRequest()
            client.exchangeWantsBody()
        case .pause(.client): client.exchangeBodyPaused(true)
        case .resume(.client): client.exchangeBodyPaused(false)
        case .pause(.backend): request?.pauseReading()
        case .resume(.backend): request?.resumeReading()
        case .end(let end): finish(end, failed ?? backend)
        }
    }

    private func startRequest() { request?.start(for: self, at: responder.readBound) }

    private func finish(_ end: ExchangeEnd, _ backend: Backend?) {
        switch end {
        // Both connections are kept where they can be.
        case .next, .last: releaseBackend()?.finish()
        case .refuse(let fault), .broken(let fault):
            tell(fault, backend)
            responder.flush()
        }
        close()
        client.exchangeEnded(end)
    }

    /// What the client has got, for the log.
    var given: RequestEvent.Answer {
        RequestEvent.Answer(backend: backend?.name, status: responder.status, bodyBytes: responder.bodyBytes)
    }

    private func tell(_ fault: Fault, _ backend: Backend?) {
        if fault.kind == .clientStalls { worker.metrics.add(.slowConsumers, ["client"]) }
        if fault.kind == .backendStalls { worker.metrics.add(.slowConsumers, ["backend"]) }
        guard fault.side != .client else { return }
        let upstream = if case .client(_, let upstream) = origin { upstream.name } else { "" }
        worker.log.tell(.requestFailed(upstream, backend: backend?.name, fault))
    }

    /// It has the request no longer.
    private func releaseBackend() -> (any UpstreamRequest)? {
        guard let request = request.take() else { return nil }
        backend?.state.requestEnded()
        return request
    }

    private func close() {
        ask?.cancel()
        ask = nil
        releaseBackend()?.cancel()
    }
}
