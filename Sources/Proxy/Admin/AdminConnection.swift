internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// One connection to the admin listener: requests one after the other (`HTTP1Connection`), each under a deadline, so that a
/// scraper that hangs costs a descriptor for some seconds and nothing else.
final class AdminConnection: HTTP1Connection {
    private static let limits = HeadLimits(bytes: 16 << 10)
    /// Bytes of a message or a token that an order brings.
    private static let mostBody = 64 << 10
    private static let idleTime = Duration.seconds(120)
    private static let time = Duration.seconds(10)

    private unowned let host: any AdminHost
    private let onEnd: (AdminConnection) -> Void
    /// Until it is answered.
    private var head: RequestHead?
    private var body: [UInt8] = []
    private var isAsked = false
    private var isLast = false
    /// An answer that is not complete.
    private var stream: AdminStreaming?

    init(
        _ socket: StreamSocket, on loop: EventLoop, host: any AdminHost,
        onEnd: @escaping (AdminConnection) -> Void
    ) {
        self.host = host
        self.onEnd = onEnd
        super.init(
            StreamConnection(accepted: socket, tls: nil, batch: nil), limits: Self.limits, phase: .head,
            on: loop)
    }

    func start() {
        transport.receiver = self
        arm(Self.time)
        transport.resumeReading()
    }

    private func close() { end("closed") }

    /// Another process answers from here on: what was asked on this one is its last.
    func retire() {
        isLast = true
        if phase == .head, isBetweenHeads { close() }
    }

    override var isLeaving: Bool { isLast }

    override func end(_ cause: String) {
        guard phase != .over else { return }
        phase = .over
        disarm()
        stream?.cancel()
        stream = nil
        transport.close()
        onEnd(self)
    }

    override var times: HTTP1Times {
        HTTP1Times(head: Self.time, keepAlive: Self.idleTime, slowConsumer: Self.time, close: Self.time)
    }

    override func servingTimedOut() {
        if isAsked { return close() }
        refuse(AdminResponse(408, "request did not arrive in time\n"))
    }

    // MARK: The request

    override func serve(_ head: RequestHead) {
        do throws(HeadError) {
            expectBody(try head.bodyFraming)
        } catch {
            return refuse(error)
        }
        self.head = head
        body = []
        isAsked = false
        arm(Self.time)
        passEarlyBody()
        if takesBody { transport.resumeReading() }
    }

    override var takesBody: Bool { phase == .exchange && !isAsked }
    /// One that has asked and ended its side still gets its answer.
    override var answersAfterEnd: Bool { isAsked }

    override func bodyReceived(_ bytes: Span<UInt8>) {
        guard body.count + bytes.count <= Self.mostBody else {
            return refuse(AdminResponse(413, "a body has at most \(Self.mostBody) bytes\n"))
        }
        for index in bytes.indices { body.append(bytes[index]) }
    }

    override func bodyEnded(trailers: HeaderFields) {
        guard let head else { return }
        isAsked = true
        arm(Self.time)
        // One request at a time: what follows waits in the kernel.
        transport.pauseReading()
        do throws(AdminRefusal) {
            let request = AdminRequest(head: head, body: body)
            body = []
            let call = try AdminCall.judge(request, by: host.rules, now: ProcessFacts.wallClock())
            host.answer(call, to: request) { [weak self] response in self?.write(response) }
        } catch {
            write(error.response)
        }
    }

    // MARK: Answering

    private func write(_ response: AdminResponse) {
        guard phase == .exchange, let head else { return }
        let keepsAlive = head.keepsAlive && head.minorVersion > 0 && !isLast
        self.head = nil
        guard let source = response.stream, head.method != "HEAD" else {
            transport.write(response.encoded(for: head, keepsAlive: keepsAlive).span)
            return answered(keepsAlive)
        }
        let isChunked = head.minorVersion > 0
        transport.write(
            response.streamHead(isChunked: isChunked, keepsAlive: keepsAlive && isChunked).encoded.span)
        stream = AdminStreaming(source, isChunked: isChunked) { [weak self] outcome in
            self?.streamed(outcome, keepsAlive && isChunked)
        }
        stream?.goOn()
    }

    private func answered(_ keepsAlive: Bool) {
        if keepsAlive { nextRequestSoon() } else { linger() }
    }

    private func streamed(_ outcome: AdminStreaming.Outcome, _ keepsAlive: Bool) {
        guard phase == .exchange else { return }
        switch outcome {
        case .piece(let bytes):
            arm(Self.time)
            transport.write(bytes.span)
            if transport.bufferedBytes == 0 { loop.nextTurn { [weak self] in self?.flushed() } }
        case .end(let bytes):
            stream = nil
            transport.write(bytes.span)
            answered(keepsAlive)
        case .lost:
            // Half an answer must not look like all of it.
            stream = nil
            transport.abort()
            end("a worker does not answer")
        }
    }

    /// More of a long answer is made when what was made before has been taken.
    override func flushed() { stream?.goOn() }

    override func refuse(_ error: HeadError) { refuse(AdminResponse(error.status, error.reason + "\n")) }
    override func refuseSlowHead() { refuse(AdminResponse(408, "request did not arrive in time\n")) }
    override func bodyMalformed(_ error: BodyError) { refuse(AdminResponse(400, error.reason + "\n")) }

    private func refuse(_ response: AdminResponse) {
        let head = RequestHead(
            method: answersHead ? "HEAD" : "GET", target: .root, fields: HeaderFields())
        transport.write(response.encoded(for: head, keepsAlive: false).span)
        linger()
    }
}
