internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// One connection to the admin listener: requests one after the other (`HTTP1Connection`), each under a deadline, so that a
/// scraper that hangs costs a descriptor for some seconds and nothing else.
final class AdminConnection: HTTP1Connection {
    private static let limits = HeadLimits(bytes: 16 << 10)
    /// Orders have no body that says anything; a small one is read and dropped.
    private static let mostBody = 64 << 10
    private static let idleTime: UInt64 = 120_000_000_000
    private static let time: UInt64 = 10_000_000_000

    private unowned let host: any AdminHost
    private let onEnd: (AdminConnection) -> Void
    /// Until it is answered.
    private var head: RequestHead?
    private var bodyBytes = 0
    private var isAsked = false

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

    func close() { end("closed") }

    override func end(_ cause: String) {
        guard phase != .over else { return }
        phase = .over
        disarm()
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
        bodyBytes = 0
        isAsked = false
        arm(Self.time)
        passEarlyBody()
        if takesBody { transport.resumeReading() }
    }

    override var takesBody: Bool { phase == .exchange && !isAsked }
    /// One that has asked and ended its side still gets its answer.
    override var answersAfterEnd: Bool { isAsked }

    override func bodyReceived(_ bytes: Span<UInt8>) {
        bodyBytes += bytes.count
        if bodyBytes > Self.mostBody { refuse(AdminResponse(413, "no body is expected\n")) }
    }

    override func bodyEnded(trailers: HeaderFields) {
        guard let head else { return }
        isAsked = true
        arm(Self.time)
        // One request at a time: what follows waits in the kernel.
        transport.pauseReading()
        do throws(AdminRefusal) {
            let call = try AdminCall.judge(head, by: host.rules)
            host.answer(call) { [weak self] response in self?.write(response) }
        } catch {
            write(error.response)
        }
    }

    // MARK: Answering

    private func write(_ response: AdminResponse) {
        guard phase == .exchange, let head else { return }
        let keepsAlive = head.keepsAlive && head.minorVersion > 0
        self.head = nil
        transport.write(response.encoded(for: head, keepsAlive: keepsAlive).span)
        if keepsAlive { nextRequestSoon() } else { linger() }
    }

    override func refuse(_ error: HeadError) { refuse(AdminResponse(error.status, error.reason + "\n")) }
    override func refuseSlowHead() { refuse(AdminResponse(408, "request did not arrive in time\n")) }
    override func bodyMalformed(_ error: BodyError) { refuse(AdminResponse(400, error.reason + "\n")) }

    private func refuse(_ response: AdminResponse) {
        let head = RequestHead(method: "GET", target: .root, fields: HeaderFields())
        transport.write(response.encoded(for: head, keepsAlive: false).span)
        linger()
    }
}
