internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// One plain request and its response: the request goes to a backend as it comes, the response to the client as it
/// comes, and a full side pauses the other. It knows no protocol version: the client's side writes through a
/// `Responder`, the backend's is an `UpstreamRequest`.
///
/// The request is sent a second time only when it may be (RFC 9110, 9.2.2): it is idempotent, none of its body has been
/// taken, and not a byte of an answer has come.
final class Exchange: UpstreamRequestReceiver, AskOwner, TimerOwner {
    enum Timer: UInt8 { case response, silence, slowClient, slowBackend }

    private let route: Route
    private let head: RequestHead
    private let framing: BodyFraming
    private let upstream: Upstream?
    private let plan: RequestPlan?
    let worker: UpstreamContext
    var loop: EventLoop { worker.loop }
    private unowned let client: any ExchangeClient
    let responder: any Responder
    private var ask: Ask?
    private var learner: KeyLearner?
    private(set) var backend: Backend?
    private var request: (any UpstreamRequest)?
    private var bodyBytes = 0
    private(set) var isRequestComplete: Bool
    private var hasAnswer = false
    private var isClientSlow = false
    private var isBackendSlow = false
    /// Whether either side takes what waits for it.
    private var clientStall = StallWatch()
    private var backendStall = StallWatch()
    /// Whether either side stops in the middle of what it says.
    private var clock: ExchangeClock
    var timers = TimerSlots()
    private var isOver = false
    /// Counted among the backend's requests.
    private var isCounted = false

    /// A request that is still to be sent.
    init(
        _ plan: RequestPlan, upstream: Upstream, client: any ExchangeClient, responder: any Responder,
        worker: UpstreamContext
    ) {
        self.plan = plan
        route = plan.route
        head = plan.head
        framing = plan.framing
        self.upstream = upstream
        self.client = client
        self.responder = responder
        self.worker = worker
        isRequestComplete = plan.framing.isEmpty
        clock = ExchangeClock(route.timeouts)
    }

    /// The response to an upgrade that the backend refused: its head has come, the body is still to be passed on.
    init(
        refusedBy backend: Backend, _ request: any UpstreamRequest, _ plan: UpgradePlan,
        client: any ExchangeClient, responder: any Responder, worker: UpstreamContext
    ) {
        self.plan = nil
        route = plan.route
        head = plan.head
        framing = .none
        upstream = nil
        self.client = client
        self.responder = responder
        self.worker = worker
        self.backend = backend
        self.request = request
        isRequestComplete = true
        clock = ExchangeClock(route.timeouts)
    }

    func start() {
        guard let upstream, let plan else { return goOn() }
        let request = BackendRequest(plan)
        learner = KeyLearner(upstream.settings, request)
        let ask = Ask(upstream, for: request, worker: worker, owner: self)
        self.ask = ask
        ask.start()
    }

    /// Goes on with a refused upgrade.
    private func goOn() {
        guard let request, let backend else { return }
        enter(backend)
        request.start(for: self, at: responder.readBound)
    }

    // MARK: AskOwner

    func asks(_ backend: Backend, on found: Ask.Found) {
        guard let plan else { return }
        self.backend = backend
        enter(backend)
        let request: any UpstreamRequest =
            switch found {
            case .connection(let connection):
                HTTP1UpstreamRequest(
                    plan.request(), framing: framing, on: connection, pool: backend.pool,
                    headLimits: worker.headLimits)
            case .shared(let shared): HTTP2UpstreamRequest(plan.request(), framing: framing, on: shared)
            }
        self.request = request
        request.start(for: self, at: responder.readBound)
        guard isRequestComplete else {
            clock.wantsBody(at: worker.loop.now)
            watchSilence()
            return client.exchangeWantsBody()
        }
        request.flush()
        requestSent()
    }

    func askLetsGo() {
        disarm(.response)
        request?.cancel()
        request = nil
        leaveBackend()
    }

    func askRetried(_ fault: Fault, of backend: Backend) {}

    func askEnded(_ fault: Fault, of backend: Backend?) {
        log(fault, of: backend)
        responder.flush()
        end(.refuse(fault))
    }

    // MARK: The request

    private func requestSent() {
        let timeout = upstream?.plainResponseTimeout ?? 0
        guard timeout > 0, !hasAnswer else { return }
        // A large one may still be on its way when it is time to ask for the answer.
        if bodyBytes > 64 * 1024, let request { backendStall.look(request.outflow) }
        arm(.response, after: timeout)
    }

    /// What is waited for, in the log's words.
    var phase: Fault.Phase {
        guard request != nil else { return ask?.phase ?? .choose }
        return hasAnswer ? .answer : isRequestComplete ? .response : .body
    }

    // MARK: The client's side

    /// Whether the request's body may come now.
    var takesBody: Bool { request != nil && !isRequestComplete && !isOver }

    /// A piece of the request's body; `bodyPaused` follows in the same turn.
    func bodyReceived(_ bytes: Span<UInt8>) {
        guard takesBody, bytes.count > 0 else { return }
        ask?.committed()
        bodyBytes += bytes.count
        clock.moved(at: worker.loop.now)
        let limit = route.limits.requestBody
        if limit > 0, bodyBytes > limit { return fail(Fault(.requestTooLarge(limit: limit))) }
        request?.body(bytes)
    }

    /// The end of the request's body.
    func bodyEnded(trailers: HeaderFields) {
        guard takesBody else { return }
        isRequestComplete = true
        ask?.committed()
        clock.bodyEnded()
        request?.end(
            trailers: HopByHop.allowedTrailers(
                trailers, underscores: worker.configuration.underscoreFields))
        requestSent()
    }

    /// All of the body that came in this turn has been told.
    func bodyPaused() {
        guard let request, !isOver else { return }
        request.flush()
        guard !isRequestComplete, !isBackendSlow, request.isFull(beyond: route.limits.buffer) else { return }
        isBackendSlow = true
        client.exchangeBodyPaused(true)
        clock.holdsClient(true, at: worker.loop.now)
        backendStall.began(at: worker.loop.now)
        watchTaking(.slowBackend)
    }

    /// The request's body is no body.
    func bodyMalformed(_ error: BodyError) {
        if !isOver { fail(Fault(.request(.body(error)))) }
    }

    /// All that was written to the client has gone.
    func clientFlushed() {
        guard isClientSlow, !isOver else { return }
        isClientSlow = false
        clientStall.ended()
        disarm(.slowClient)
        clock.holdsBackend(false, at: worker.loop.now)
        request?.resumeReading()
    }

    /// The client has gone.
    func cancel() { close() }

    // MARK: The backend's side

    /// One that a client has no room for is left out: it announces an answer and is none (RFC 9110, 15.2).
    func upstreamInterim(_ head: ResponseHead) {
        guard !isClientSlow, !responder.isFull(beyond: min(4 * 1024, route.limits.buffer)) else { return }
        responder.interim(head)
    }

    func upstreamBegan(_ head: ResponseHead, framing: BodyFraming) {
        if head.status == 408, let ask, ask.takesGoodbye {
            return ask.failed(.ended(.goodbye, isAnswered: false))
        }
        ask?.decided()
        disarm(.response)
        hasAnswer = true
        if let backend { learner?.head(head.fields, from: backend) }
        clock.answerBegan(isEndless: route.timeouts.isEndless(head), at: worker.loop.now)
        watchSilence()
        responder.begin(head, framing: framing)
    }

    func upstreamBody(_ bytes: Span<UInt8>) {
        clock.moved(at: worker.loop.now)
        if learner != nil, let backend { learner?.body(bytes, from: backend) }
        responder.body(bytes)
    }

    func upstreamEnded(trailers: HeaderFields) { responder.end(trailers: HopByHop.allowedTrailers(trailers)) }

    func upstreamPaused() {
        responder.flush()
        if responder.isComplete { return complete() }
        guard !isClientSlow, responder.isFull(beyond: route.limits.buffer) else { return }
        isClientSlow = true
        request?.pauseReading()
        clock.holdsBackend(true, at: worker.loop.now)
        clientStall.began(at: worker.loop.now)
        watchTaking(.slowClient)
    }

    func upstreamFlushed() {
        guard isBackendSlow else { return }
        isBackendSlow = false
        backendStall.ended()
        disarm(.slowBackend)
        clock.holdsClient(false, at: worker.loop.now)
        if !isRequestComplete { client.exchangeBodyPaused(false) }
    }

    /// The response is complete; both connections are kept where they can be.
    private func complete() {
        leaveBackend()
        request?.finish()
        request = nil
        // A request that was answered before it was complete leaves no beginning for the next one.
        end(responder.keepsAlive && isRequestComplete ? .next : .last)
    }

    func upstreamFailed(_ fault: Fault) {
        if let ask, !hasAnswer { ask.failed(fault) } else { fail(fault) }
    }

    private func log(_ fault: Fault, of backend: Backend?) {
        worker.log.requestFailed(upstream?.name ?? "", backend: backend?.name, fault)
    }

    // MARK: Time and end

    func timerFired(_ timer: Timer) {
        switch timer {
        case .response: lookForAnswer()
        case .silence: lookForSilence()
        case .slowClient:
            judge(clientStall.check(responder.outflow, at: worker.loop.now, limit: slowConsumer), timer)
        case .slowBackend:
            guard let request else { return }
            judge(backendStall.check(request.outflow, at: worker.loop.now, limit: slowConsumer), timer)
        }
    }

    /// A backend that is still taking the request can't answer it.
    private func lookForAnswer() {
        if let request, backendStall.delivers(request.outflow) { return requestSent() }
        fail(Fault(.noAnswer(hasBegun: false)))
    }

    private func watchSilence() {
        guard !isArmed(.silence), case .wait(let time) = clock.check(at: worker.loop.now) else { return }
        arm(.silence, after: time)
    }

    private func lookForSilence() {
        switch clock.check(at: worker.loop.now) {
        case .idle: break
        case .wait(let time): arm(.silence, after: time)
        case .requestStands: fail(Fault(.slowBody))
        case .responseStands: fail(Fault(.answerStalls))
        }
    }

    private var slowConsumer: UInt64 { route.timeouts.slowConsumer }

    private func watchTaking(_ timer: Timer) {
        if slowConsumer > 0 { arm(timer, after: StallWatch.firstLook(slowConsumer)) }
    }

    /// A side that has taken something is slow, not dead.
    private func judge(_ verdict: StallWatch.Verdict, _ timer: Timer) {
        switch verdict {
        case .idle: break
        case .wait(let time): arm(timer, after: time)
        case .stalled:
            worker.metrics.add(.slowConsumers, [timer == .slowClient ? "client" : "backend"])
            fail(Fault(timer == .slowBackend ? .backendStalls : .clientStalls))
        }
    }

    /// Before the response has begun the client is told; after that only a cut connection can say it.
    private func fail(_ fault: Fault) {
        if fault.side != .client { log(fault, of: backend) }
        responder.flush()
        end(responder.status == 0 && fault.kind != .clientStalls ? .refuse(fault) : .broken(fault))
    }

    private func end(_ end: ExchangeEnd) {
        guard !isOver else { return }
        close()
        client.exchangeEnded(end)
    }

    private func enter(_ backend: Backend) {
        isCounted = true
        backend.state.requestBegan()
    }

    private func leaveBackend() {
        guard isCounted else { return }
        isCounted = false
        backend?.state.requestEnded()
    }

    private func close() {
        isOver = true
        for timer in [Timer.response, .silence, .slowClient, .slowBackend] { disarm(timer) }
        ask?.cancel()
        ask = nil
        leaveBackend()
        request?.cancel()
        request = nil
    }
}
