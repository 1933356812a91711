internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import WebSocketProtocol

/// One stream of a client's HTTP/2 connection from its request to its session or answer.
///
/// Decides as `ClientConnection` does. What comes before somebody wants it waits in `body`, and counts against the
/// stream's window. `HTTP2Exchange` has what a plain request does while it is carried to a backend.
final class HTTP2Request: RequestServer, HTTP2StreamReceiver, TimerOwner {
    enum Phase { case upgrade, exchange, answering, over }
    enum Timer: UInt8 { case answer }

    let client: HTTP2Client
    let stream: HTTP2Stream
    var phase = Phase.upgrade
    var attempt: (any PendingUpgrade)?
    var exchange: Exchange?
    var record: RequestRecord?
    var leave: (() -> Void)?
    var address: String
    var timers = TimerSlots()
    var body: HTTP2RequestBody
    /// Of its head, until it is answered.
    private var headCharge: MemoryCharge
    var isTurnAwaited = false
    /// It asks for a WebSocket: any 2xx would open it (RFC 8441, 5).
    private var isConnect = false
    private var isHead = false
    private var resetsWhenFlushed = false
    private var stall = StallWatch()

    init(_ stream: HTTP2Stream, of client: HTTP2Client) {
        self.stream = stream
        self.client = client
        address = client.address
        body = HTTP2RequestBody(on: client.account)
        headCharge = MemoryCharge(to: client.account)
    }

    /// Nobody needs it any longer.
    private func releaseHead() {
        headCharge.set(0)
        stream.headTaken()
    }

    var worker: ClientContext { client.worker }
    var loop: EventLoop { worker.loop }
    var listener: ListenerFacts { client.listener }
    var peer: String { client.address }
    var certificate: ForwardedCertificate? { client.certificate }
    var transport: StreamConnection { client.transport }
    var httpVersion: Int { 2 }
    /// Its connection never goes to another process.
    var passedBack: ResumeRefusal? { nil }
    func passBack(_ refusal: ResumeRefusal) -> Bool { false }

    // MARK: The request

    func begin(_ head: HTTP2RequestHead) {
        guard !stream.isTooLarge else {
            let limit = worker.configuration.limits.head.bytes
            return refuse(Fault(.request(.head(.tooLarge(limit: limit)))))
        }
        isConnect = head.method == "CONNECT"
        isHead = head.method == "HEAD"
        let request = StreamRequest(
            method: head.method, scheme: head.scheme, authority: head.authority, path: head.path,
            protocolName: head.protocolName,
            fields: HeaderFields(head.fields, host: head.authority), hostStandsFirst: true,
            endsStream: stream.hasEnded)
        switch (consume request).judge(key: WebSocketKey.none, limits: worker.headLimits) {
        case .refuse(let reason): refuse(Fault(.request(reason)), host: head.authority, path: head.path)
        case .head(let head):
            guard client.isMade(for: head) else {
                return refuse(
                    Fault(.request(.misdirected)), host: head.fields.first(.host) ?? "",
                    path: head.target.text)
            }
            headCharge.set(head.keptUnderWay)
            route(head)
        }
    }

    func entered(_ route: Route) { stream.growWindow(to: route.limits.buffer) }

    /// The stream becomes the session's transport: what the other side of an upgrade is in HTTP/1.1 (RFC 8441, 5).
    func begin(_ plan: UpgradePlan, _ accepted: AcceptedUpgrade, _ takeOver: TakeOver) {
        guard phase == .upgrade else { return }
        phase = .over
        releaseHead()
        stream.respond(plan.streamAnswer(accepted), endsStream: false)
        let transport = HTTP2StreamTransport(stream, on: worker.loop, over: client.transport)
        let leave = self.leave
        self.leave = nil
        let early = body.take()
        takeOver(transport, early, leave ?? {})
        stream.consume(early.count)
    }

    // MARK: Answers of our own

    func respond(_ response: RouteResponse, to head: RequestHead) {
        guard !wouldOpen(response.status) else {
            return refuse(Fault(.noWebSocket), host: head.fields.first(.host), path: head.target.text)
        }
        var fields = HTTP2Fields()
        if HTTPResponse.hasBody(response.status) {
            fields.append("content-type", response.contentType)
            fields.append("content-length", String(response.body.utf8.count))
        }
        for field in response.fields { fields.append(field.name.lowercased(), field.value) }
        answer(
            HTTP2ResponseHead(status: response.status, fields: fields),
            head.method == "HEAD" ? [] : response.bytes)
    }

    func refuse(_ fault: Fault, host: String? = nil, path: String? = nil) {
        worker.log.tell(
            .refused(
                record.take(), client: address, host: host, path: path, fault, at: worker.loop.now))
        tell(fault)
    }

    func tell(_ fault: Fault) {
        let refusal = worker.refusal(fault)
        let (fields, body) = refusal.streamAnswer(isToHead: isHead)
        answer(HTTP2ResponseHead(status: refusal.status, fields: HTTP2Fields(fields)), body)
    }

    /// Whether a status would say to the client that its WebSocket is open (RFC 8441, 5; RFC 9110, 9.3.6).
    func wouldOpen(_ status: Int) -> Bool { isConnect && (200..<300).contains(status) }

    private func answer(_ head: HTTP2ResponseHead, _ body: [UInt8]) {
        stream.respond(head, endsStream: body.isEmpty)
        if !body.isEmpty {
            stream.finish(with: body)
        }
        answered()
    }

    /// The answer is composed. A client that still sends a body is told that nobody wants it, once the answer has gone
    /// (RFC 9113, 8.1); one that doesn't take the answer is given up.
    func answered() {
        phase = .answering
        dropBody()
        releaseHead()
        leaveRoute()
        stall.began(at: worker.loop.now)
        if slowConsumer > 0 { arm(.answer, after: StallWatch.firstLook(slowConsumer)) }
        guard !stream.hasEnded else { return }
        resetsWhenFlushed = true
        if stream.bufferedBytes == 0 { worker.loop.nextTurn { [weak self] in self?.streamFlushed() } }
    }

    private func dropBody() { stream.consume(body.take().count) }

    // MARK: HTTP2StreamReceiver

    func streamAnswered(_ head: HTTP2ResponseHead) {}

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        switch phase {
        case .upgrade: body.keep(bytes.span)
        case .exchange: bodyReceived(bytes.span)
        case .answering, .over: stream.consume(bytes.count)
        }
    }

    func streamTrailers(_ fields: HTTP2Fields) { body.keep(trailers: HeaderFields(fields)) }

    func streamEnded() {
        switch phase {
        case .exchange: passBody()
        case .upgrade where attempt != nil && isConnect: cancel()
        case .upgrade, .answering, .over: break
        }
    }

    func streamFlushed() {
        exchange?.clientFlushed()
        if phase == .answering, resetsWhenFlushed, !stream.hasEnded { stream.reset(.noError) }
    }

    func streamClosed(_ code: HTTP2Code) {
        switch (stream.connectionLoss, code) {
        case (let loss?, _): cancel("client left: \(loss)")
        case (nil, .cancel): cancel("client cancelled the stream")
        case (nil, _): cancel("stream reset: \(code)")
        }
    }

    /// The client has gone, or ended a WebSocket before it began.
    private func cancel(_ cause: String = "client ended the stream") {
        givenUp(cause)
        phase = .over
        releaseHead()
        disarm(.answer)
        attempt?.cancel()
        attempt = nil
        exchange?.cancel()
        exchange = nil
        leaveRoute()
        if !stream.isClosed { stream.reset(.cancel) }
    }

    // MARK: Time

    private var slowConsumer: UInt64 { worker.configuration.timeouts.slowConsumer.nanoseconds }

    func timerFired(_ timer: Timer) {
        switch timer {
        case .answer: checkWhetherTaken()
        }
    }

    /// A client whose window stays closed is given up: its answer would wait for ever (RFC 9113, 10.5).
    private func checkWhetherTaken() {
        guard stream.bufferedBytes > 0, !stream.isClosed else { return }
        let outflow = stream.outflow(on: client.transport.outflow)
        switch stall.check(outflow, at: worker.loop.now, limit: slowConsumer) {
        case .idle: break
        case .wait(let time): arm(.answer, after: time)
        case .stalled:
            worker.log.tell(
                .http2Cut(client: client.address, listener: client.listener.name, .stall(stream: stream.id)))
            stream.reset(.cancel)
        }
    }
}

extension UpgradePlan {
    /// The 200 for the client's stream, once the backend has accepted (RFC 8441, 5): as the 101, without what belongs to
    /// a connection or proves that it was understood.
    fileprivate func streamAnswer(_ accepted: AcceptedUpgrade) -> HTTP2ResponseHead {
        var fields = HTTP2Fields()
        if let subprotocol = subprotocol(accepted) {
            fields.append("sec-websocket-protocol", subprotocol.bytes)
        }
        if let extensions = extensions(accepted) { fields.append("sec-websocket-extensions", extensions) }
        fields.append(ofStream: HopByHop.applicationFields(of: answerFields(accepted)))
        return HTTP2ResponseHead(status: 200, fields: fields)
    }
}
