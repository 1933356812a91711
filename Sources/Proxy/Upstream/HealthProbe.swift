internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// One check of one backend: a connection; for `http` an answer below 400; for `websocket` a 101 and a Pong that answers
/// a Ping (RFC 6455, 5.5.3). Tells its outcome once, and closes what it opened.
final class HealthProbe: TransportReceiver, TimerTarget {
    enum Outcome {
        case well
        case wrong(String)
        /// The check could not be made, for want of something of ours: it says nothing of the backend.
        case notMade
    }

    typealias Done = (Outcome) -> Void

    private enum Phase { case connect, response, pong, over }

    private static let limits = FrameLimits(frame: 1 << 20, message: 1 << 20, fragments: 1000)

    private let health: UpstreamPolicy.Health
    private let host: String
    private let key: String
    private let payload: [UInt8]
    private let worker: UpstreamContext
    private var done: Done?
    private var phase = Phase.connect
    private var dial: Dial?
    private var connection: StreamConnection?
    private var deadline: TimerToken?
    private var head = ResponseHeadParser(limits: HeadLimits(bytes: 16 << 10))
    private var frames = FrameReader(fromClient: false, limits: HealthProbe.limits, allowsCompression: false)
    private var control = ControlPayload()

    init(
        of backend: Backend, _ health: UpstreamPolicy.Health, on worker: UpstreamContext, done: @escaping Done
    ) {
        self.health = health
        self.worker = worker
        self.done = done
        host =
            health.host ?? backend.settings.configuration.tls?.serverName ?? backend.settings.state.name
        key = worker.webSocketKey()
        payload = Array(worker.requestID().utf8.prefix(16))
        deadline = worker.loop.schedule(self, kind: 0, after: health.timeout)
        dial = Dial(
            backend.address, tls: backend.settings.tls, timeout: .zero, preamble: backend.checkPreamble,
            worker: worker
        ) { [weak self] in self?.dialled($0) }
    }

    func cancel() {
        done = nil
        close()
    }

    private func dialled(_ result: Result<StreamConnection, Fault>) {
        dial = nil
        switch result {
        case .failure(let fault) where fault.shortage != nil: finish(.notMade)
        case .failure(let fault): finish(fault.logText)
        case .success(let connection):
            self.connection = connection
            guard health.check != .tcp else { return finish(nil) }
            phase = .response
            connection.receiver = self
            connection.resumeReading()
            connection.write(request.span)
        }
    }

    private var request: [UInt8] {
        var fields = HeaderFields()
        fields.append("Host", host)
        fields.append("User-Agent", "trunkline-check")
        if health.check == .websocket {
            fields.append("Connection", "Upgrade")
            fields.append("Upgrade", "websocket")
            fields.append("Sec-WebSocket-Version", "13")
            fields.append("Sec-WebSocket-Key", key)
        } else {
            fields.append("Connection", "close")
        }
        // Checked when the configuration was read.
        let target = (try? RequestTarget(text: health.path)) ?? .root
        return RequestHead(method: "GET", target: target, fields: fields).encoded
    }

    // MARK: The answer

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        var position = 0
        do {
            if phase == .response { try takeHead(bytes.span, &position) }
            if phase == .pong { try takeFrames(bytes.span, &position) }
        } catch let error as HeadError {
            finish("malformed answer: \(error.reason)")
        } catch let error as ProtocolViolation {
            finish("malformed frame: \(error.reason)")
        } catch {
            finish("\(error)")
        }
    }

    private func takeHead(_ bytes: Span<UInt8>, _ position: inout Int) throws(HeadError) {
        while phase == .response, position < bytes.count {
            guard let (answer, used) = try head.feed(bytes.extracting(position..<bytes.count)) else {
                return position = bytes.count
            }
            position += used
            judge(answer)
        }
    }

    private func judge(_ answer: ResponseHead) {
        switch (health.check, answer.status) {
        case (.websocket, 101):
            guard answer.fields.all("sec-websocket-accept") == [WebSocketKey.accept(key)] else {
                return finish("Sec-WebSocket-Accept does not answer the key")
            }
            phase = .pong
            send(.ping, payload)
        case (_, 100..<200): break
        case (.websocket, let status): finish("answered \(status) to an upgrade")
        case (_, let status): finish(status < 400 ? nil : "answered \(status)")
        }
    }

    /// What else comes is a greeting, and nobody's.
    private func takeFrames(_ bytes: Span<UInt8>, _ position: inout Int) throws(ProtocolViolation) {
        while phase == .pong, let slice = try frames.next(bytes, from: &position) {
            guard slice.header.opcode.isControl else { continue }
            if slice.beginsFrame { control.removeAll() }
            control.append(bytes.extracting(slice.payload), of: slice)
            guard slice.endsFrame else { continue }
            switch slice.header.opcode {
            case .pong where control.bytes == payload:
                send(.close, ClosePayload(.normal, "").encoded)
                finish(nil)
            case .ping: send(.pong, control.bytes)
            case .close: finish("closed instead of a pong")
            default: break
            }
        }
    }

    private func send(_ opcode: Opcode, _ payload: [UInt8]) {
        var frame = UniqueArray<UInt8>(minimumCapacity: payload.count + FrameHeader.largestSize)
        FrameWriter.append(
            opcode, fin: true, payload: payload.span, maskingKey: worker.randomMask(), to: &frame)
        connection?.write(frame.span)
    }

    func transportOpened() {}
    func transportFlushed() {}
    func transportEnded() { finish("connection ended without an answer") }
    func transportFailed(_ error: TransportError) { finish(error.description) }

    func timerFired(_ kind: UInt8) {
        deadline = nil
        switch phase {
        case .connect: finish("no connection in time")
        case .response: finish("no answer in time")
        case .pong: finish("no pong in time")
        case .over: break
        }
    }

    /// - Parameter cause: what was wrong; nil = nothing.
    private func finish(_ cause: String?) { finish(cause.map { .wrong($0) } ?? .well) }

    private func finish(_ outcome: Outcome) {
        let done = self.done
        self.done = nil
        close()
        done?(outcome)
    }

    private func close() {
        phase = .over
        worker.loop.cancel(deadline)
        deadline = nil
        dial?.cancel()
        dial = nil
        // Ended in order, not cut: the backend's log stays clean.
        connection?.finish()
        connection?.close()
        connection = nil
    }
}
