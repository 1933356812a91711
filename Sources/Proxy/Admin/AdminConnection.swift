internal import EventLoop
internal import HTTPProtocol

/// One connection to the admin listener: requests one after the other, each under a deadline, so that a scraper that
/// hangs costs a descriptor for some seconds and nothing else.
final class AdminConnection: StreamHandler, TimerTarget {
    private enum Phase: UInt8 { case idle, head, body, answer, closing, over }

    private static let limits = HeadLimits(bytes: 16 << 10)
    /// Orders have no body that says anything; a small one is read and dropped.
    private static let mostBody = 64 << 10
    private static let idleTime: UInt64 = 120_000_000_000
    private static let time: UInt64 = 10_000_000_000

    private let socket: StreamSocket
    private let loop: EventLoop
    private unowned let host: any AdminHost
    private let onEnd: (AdminConnection) -> Void
    private var phase = Phase.idle
    private var parser = RequestHeadParser(limits: AdminConnection.limits)
    private var head: RequestHead?
    private var body = BodyReader(.none)
    private var bodyBytes = 0
    /// What came behind the request that is being answered.
    private var early: [UInt8] = []
    private var timer: TimerToken?

    init(
        _ socket: StreamSocket, on loop: EventLoop, host: any AdminHost,
        onEnd: @escaping (AdminConnection) -> Void
    ) {
        self.socket = socket
        self.loop = loop
        self.host = host
        self.onEnd = onEnd
    }

    func start() {
        socket.handler = self
        arm(Self.time)
        socket.resumeReading()
    }

    func close() {
        guard phase != .over else { return }
        phase = .over
        loop.cancel(timer)
        socket.close()
        onEnd(self)
    }

    private func arm(_ delay: UInt64) {
        loop.cancel(timer)
        timer = loop.schedule(self, kind: 0, after: delay)
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        guard phase == .head || phase == .body else { return close() }
        refuse(AdminResponse(408, "request did not arrive in time\n"))
    }

    // MARK: StreamHandler

    func streamConnected() {}
    func streamFailed(_ error: SystemError) { close() }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) { read(bytes.span) }

    /// One that has asked and ended its side still gets its answer.
    func streamEnded() {
        if phase != .answer { close() }
    }

    func streamDrained() {
        if phase == .answer, head == nil { next() }
    }

    // MARK: Reading

    private func read(_ bytes: Span<UInt8>) {
        var position = 0
        do {
            if phase == .idle || phase == .head { try readHead(bytes, &position) }
            if phase == .body { try readBody(bytes, &position) }
        } catch let error as HeadError {
            return refuse(AdminResponse(error.status, error.reason + "\n"))
        } catch let error as BodyError {
            return refuse(AdminResponse(400, error.reason + "\n"))
        } catch {
            return refuse(AdminResponse(400, "malformed request\n"))
        }
        if phase == .answer, position < bytes.count {
            for index in position..<bytes.count { early.append(bytes[index]) }
        }
    }

    private func readHead(_ bytes: Span<UInt8>, _ position: inout Int) throws(HeadError) {
        if phase == .idle, bytes.count > 0 {
            phase = .head
            arm(Self.time)
        }
        guard let (head, used) = try parser.feed(bytes) else { return position = bytes.count }
        position = used
        self.head = head
        body = BodyReader(try head.bodyFraming)
        bodyBytes = 0
        phase = .body
    }

    private func readBody(_ bytes: Span<UInt8>, _ position: inout Int) throws(BodyError) {
        while let piece = try body.next(bytes, from: &position) {
            switch piece {
            case .data(let range):
                bodyBytes += range.count
                if bodyBytes > Self.mostBody { return refuse(AdminResponse(413, "no body is expected\n")) }
            case .end: return ask()
            }
        }
    }

    private func ask() {
        guard let head else { return }
        phase = .answer
        arm(Self.time)
        // One request at a time: what follows waits in the kernel.
        socket.pauseReading()
        do throws(AdminRefusal) {
            let call = try AdminCall.judge(head, by: host.rules)
            host.answer(call) { [weak self] response in self?.write(response) }
        } catch {
            write(error.response)
        }
    }

    // MARK: Answering

    private func write(_ response: AdminResponse) {
        guard phase == .answer, let head else { return }
        let keepsAlive = head.keepsAlive && head.minorVersion > 0
        let bytes = response.encoded(for: head, keepsAlive: keepsAlive)
        self.head = nil
        arm(Self.time)
        socket.send(bytes.span)
        guard keepsAlive else { return finish() }
        // Answered at once or by a callback of its own, the next request is looked at from the loop.
        if socket.queuedBytes == 0 { loop.nextTurn { [weak self] in self?.next() } }
    }

    private func next() {
        guard phase == .answer else { return }
        phase = .idle
        arm(Self.idleTime)
        let waiting = early
        early = []
        if !waiting.isEmpty { read(waiting.span) }
        if phase == .idle || phase == .head || phase == .body { socket.resumeReading() }
    }

    private func refuse(_ response: AdminResponse) {
        let head = RequestHead(method: "GET", target: .root, fields: HeaderFields())
        socket.send(response.encoded(for: head, keepsAlive: false).span)
        finish()
    }

    /// Ends in order: what still comes is read and dropped, or a reset would eat the answer.
    private func finish() {
        phase = .closing
        early = []
        arm(Self.time)
        socket.finish()
        socket.resumeReading()
    }
}
