internal import EventLoop
internal import HTTPProtocol

/// One plain request and its response (RFC 9112): the request goes to a backend as it comes, the response to the client
/// as it comes, and a full side pauses the other.
///
/// The request is sent a second time only when it may be (RFC 9110, 9.2.2): it is idempotent, none of its body has been
/// taken, and a connection that had been idle broke before a byte of the answer.
final class Exchange: TransportReceiver, TimerTarget {
    private enum Timer: UInt8 { case response, slowConsumer }

    private let route: Route
    private let request: RequestHead
    private let upstream: Upstream?
    private let transport: StreamConnection
    private let worker: Worker
    private unowned let client: any ExchangeClient
    let responder: HTTP1Responder
    private var sender: RequestSender
    private var search: BackendSearch?
    private(set) var backend: Backend?
    private var connection: StreamConnection?
    private var head: ResponseHeadParser
    private var response: ResponseHead?
    private var body = BodyReader(.none)
    private var hasAnswer = false
    private var isClientSlow = false
    private var stalledBytes = 0
    private var timers: [TimerToken?] = [nil, nil]
    private var isOver = false
    /// Counted among the backend's sessions.
    private var isCounted = false

    /// A request that is still to be sent.
    init(
        _ plan: RequestPlan, upstream: Upstream, to transport: StreamConnection, client: any ExchangeClient,
        responder: HTTP1Responder, worker: Worker
    ) {
        route = plan.route
        request = plan.head
        self.upstream = upstream
        self.transport = transport
        self.client = client
        self.responder = responder
        self.worker = worker
        sender = RequestSender(plan.request(), framing: plan.framing, limit: plan.route.limits.requestBody)
        head = ResponseHeadParser(limits: worker.headLimits)
    }

    /// The response to an upgrade that the backend refused: its head has come, the body is still to be passed on.
    init(
        refusedBy backend: Backend, on connection: StreamConnection, _ plan: UpgradePlan,
        to transport: StreamConnection, client: any ExchangeClient, responder: HTTP1Responder, worker: Worker
    ) {
        route = plan.route
        request = plan.head
        upstream = nil
        self.transport = transport
        self.client = client
        self.responder = responder
        self.worker = worker
        self.backend = backend
        self.connection = connection
        sender = RequestSender(plan.head, framing: .none, limit: 0)
        head = ResponseHeadParser(limits: worker.headLimits)
    }

    var isRequestComplete: Bool { sender.isComplete }

    func start() {
        guard let upstream else { return }
        let search = BackendSearch(upstream, worker: worker) { [weak self] in self?.found($0) }
        self.search = search
        search.next()
    }

    /// Goes on with a refused upgrade.
    func start(with refusal: ResponseHead, early: [UInt8]) {
        guard let connection, let backend else { return }
        enter(backend)
        connection.receiver = self
        var bytes = early
        var span = bytes.mutableSpan
        receive(&span, after: refusal)
        if !isOver { connection.resumeReading() }
    }

    private func found(_ found: BackendSearch.Found) {
        switch found {
        case .failed(let failure):
            worker.log.upgradeFailed(
                upstream?.name ?? "", backend: failure.backend, phase: failure.phase, cause: failure.cause)
            end(.refuse(Refusal(status: failure.status, reason: failure.reason)))
        case .connection(let connection, let backend):
            self.backend = backend
            self.connection = connection
            enter(backend)
            connection.receiver = self
            connection.resumeReading()
            sender.start(on: connection)
            if sender.isComplete { requestSent() } else { client.exchangeWantsBody() }
        }
    }

    private func requestSent() {
        let timeout = upstream?.plainResponseTimeout ?? 0
        if timeout > 0, response == nil { arm(.response, after: timeout) }
    }

    // MARK: The client's side

    /// Takes the client's bytes from `position`, which moves to the end of the request's body at most.
    func bodyReceived(_ bytes: Span<UInt8>, from position: inout Int) {
        guard let connection, !isOver else { return }
        do throws(BodyError) {
            switch try sender.send(bytes, from: &position, on: connection, scratch: worker.scratch) {
            case .more:
                if connection.bufferedBytes > route.limits.buffer { client.exchangeBodyPaused(true) }
            case .complete: requestSent()
            case .tooLarge: fail(413, "request body larger than \(route.limits.requestBody) bytes")
            }
        } catch {
            fail(400, error.reason)
        }
    }

    /// All that was written to the client has gone.
    func clientDrained() {
        guard isClientSlow, !isOver else { return }
        isClientSlow = false
        disarm(.slowConsumer)
        connection?.resumeReading()
    }

    /// The client has gone.
    func cancel() { close() }

    // MARK: The backend's side

    func transportOpened() {}

    func transportDrained() {
        if !sender.isComplete { client.exchangeBodyPaused(false) }
    }

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) { receive(&bytes, after: nil) }

    private func receive(_ bytes: inout MutableSpan<UInt8>, after known: ResponseHead?) {
        hasAnswer = true
        var position = 0
        do {
            if let known { try begin(known) }
            try takeHead(bytes.span, &position)
            if response != nil { try takeBody(bytes.span, &position) }
        } catch let error as HeadError {
            return malformed(error.reason)
        } catch let error as BodyError {
            return malformed(error.reason)
        } catch {
            return malformed("\(error)")
        }
        guard !isOver else { return }
        responder.flush()
        if responder.isComplete { return complete(leftOver: bytes.count - position) }
        guard transport.bufferedBytes > route.limits.buffer, !isClientSlow else { return }
        isClientSlow = true
        connection?.pauseReading()
        stalledBytes = transport.bufferedBytes
        if route.timeouts.slowConsumer > 0 { arm(.slowConsumer, after: route.timeouts.slowConsumer) }
    }

    private func takeHead(_ bytes: Span<UInt8>, _ position: inout Int) throws(HeadError) {
        while response == nil, position < bytes.count {
            guard let (head, used) = try head.feed(bytes.extracting(position..<bytes.count)) else {
                return position = bytes.count
            }
            position += used
            // We asked for no other protocol.
            if head.status == 101 { throw .badStatusLine }
            if head.status < 200 { responder.interim(head) } else { try begin(head) }
        }
    }

    private func begin(_ head: ResponseHead) throws(HeadError) {
        let framing = try BodyFraming(of: head, to: request.method)
        disarm(.response)
        response = head
        body = BodyReader(framing)
        responder.begin(head, framing: framing)
    }

    private func takeBody(_ bytes: Span<UInt8>, _ position: inout Int) throws(BodyError) {
        while let piece = try body.next(bytes, from: &position) {
            switch piece {
            case .data(let range): responder.body(bytes.extracting(range))
            case .end(let trailers): responder.end(trailers: trailers)
            }
        }
    }

    /// The response is complete; both connections are kept where they can be.
    private func complete(leftOver: Int) {
        // After an upgrade many servers have let go of the connection, whatever their answer says: it isn't reused.
        let isReusable =
            upstream != nil && sender.isComplete && leftOver == 0 && !body.endsWithConnection
            && response?.keepsAlive == true
        let connection = self.connection
        self.connection = nil
        leaveBackend()
        if let connection {
            if isReusable, let pool = backend?.pool {
                connection.receiver = nil
                pool.giveBack(connection)
            } else {
                connection.close()
            }
        }
        // A request that was answered before it was complete leaves no beginning for the next one.
        end(responder.keepsAlive && sender.isComplete ? .next : .last)
    }

    func transportEnded() {
        if response != nil, body.endsWithConnection {
            responder.end(trailers: HeaderFields())
            responder.flush()
            return complete(leftOver: 1)
        }
        lost("connection ended")
    }

    func transportFailed(_ error: TransportError) { lost(error.description) }

    private func lost(_ cause: String) {
        connection?.close()
        connection = nil
        leaveBackend()
        if let search, search.isWarm, !hasAnswer, !sender.hasTakenBody, request.isIdempotent {
            return search.redial()
        }
        log(cause)
        fail(502, "backend ended the connection")
    }

    private func malformed(_ cause: String) {
        log(cause)
        fail(502, "backend's answer is malformed")
    }

    private func log(_ cause: String) {
        worker.log.upgradeFailed(
            upstream?.name ?? "", backend: backend?.name, phase: "response", cause: cause)
    }

    // MARK: Time and end

    private func arm(_ timer: Timer, after delay: UInt64) {
        disarm(timer)
        timers[Int(timer.rawValue)] = worker.loop.schedule(self, kind: timer.rawValue, after: delay)
    }

    private func disarm(_ timer: Timer) {
        worker.loop.cancel(timers[Int(timer.rawValue)])
        timers[Int(timer.rawValue)] = nil
    }

    func timerFired(_ kind: UInt8) {
        timers[Int(kind)] = nil
        switch Timer(rawValue: kind) {
        case .response: fail(504, "backend took too long to answer")
        case .slowConsumer:
            // A client that has taken something is slow, not dead.
            let waiting = transport.bufferedBytes
            guard waiting < stalledBytes else { return end(.broken) }
            stalledBytes = waiting
            arm(.slowConsumer, after: route.timeouts.slowConsumer)
        case nil: break
        }
    }

    /// Before the response has begun the client is told; after that only a cut connection can say it.
    private func fail(_ status: Int, _ reason: String) {
        responder.flush()
        end(responder.status == 0 ? .refuse(Refusal(status: status, reason: reason)) : .broken)
    }

    private func end(_ end: ExchangeEnd) {
        guard !isOver else { return }
        close()
        client.exchangeEnded(end)
    }

    private func enter(_ backend: Backend) {
        isCounted = true
        backend.sessions += 1
    }

    private func leaveBackend() {
        guard isCounted else { return }
        isCounted = false
        backend?.sessions -= 1
    }

    private func close() {
        isOver = true
        for timer in [Timer.response, .slowConsumer] { disarm(timer) }
        search?.cancel()
        search = nil
        leaveBackend()
        connection?.close()
        connection = nil
    }
}
