internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// A client from accept to the moment its session begins or its request is answered.
///
/// Reads one request head, decides by `RouteStep`, asks a backend by `UpgradeAttempt`, answers, and hands the transport
/// over to a `Session`. After a request has been read nothing more is read until the backend has answered: what the
/// client sent early waits in `early` and in the kernel.
final class ClientConnection: TransportReceiver, TimerTarget {
    private enum Phase: UInt8 { case handshake, head, backend, answering, over }

    let worker: Worker
    let transport: StreamConnection
    let address: String
    let listener: ListenerFacts
    /// Where the worker keeps it.
    var position = -1
    private var phase: Phase
    private var parser: RequestHeadParser
    private var early: [UInt8] = []
    private var attempt: UpgradeAttempt?
    private var timer: TimerToken?
    private var reply: BackendReply?
    private var leave: (() -> Void)?
    private let accepted: UInt64

    init(_ transport: StreamConnection, address: String, listener: ListenerFacts, worker: Worker) {
        self.transport = transport
        self.address = address
        self.listener = listener
        self.worker = worker
        accepted = worker.loop.now
        parser = RequestHeadParser(
            limits: HeadLimits(bytes: worker.generation.configuration.limits.requestHead))
        phase = listener.tls == nil ? .head : .handshake
    }

    func start() {
        transport.receiver = self
        let timeouts = worker.generation.configuration.timeouts
        arm(phase == .handshake ? timeouts.handshake : timeouts.requestHead)
        transport.resumeReading()
    }

    /// Whether a request is being read or served; an idle one may be closed without ceremony.
    var isIdle: Bool { phase == .handshake || phase == .head }

    private func arm(_ delay: UInt64) {
        worker.loop.cancel(timer)
        timer = delay > 0 ? worker.loop.schedule(self, kind: phase.rawValue, after: delay) : nil
    }

    // MARK: TransportReceiver

    func transportOpened() {
        phase = .head
        arm(worker.generation.configuration.timeouts.requestHead)
    }

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard phase == .head else { return keepEarly(bytes.span, from: 0) }
        do throws(HeadError) {
            guard let (head, used) = try parser.feed(bytes.span) else { return }
            phase = .backend
            transport.pauseReading()
            keepEarly(bytes.span, from: used)
            route(head)
        } catch {
            refuse(Refusal(status: error.status, reason: error.reason), host: nil, path: nil)
        }
    }

    /// Bounded by what one read brings: reading is paused when a request is complete.
    private func keepEarly(_ bytes: Span<UInt8>, from start: Int) {
        guard phase == .backend else { return }
        early.reserveCapacity(bytes.count - start)
        for index in start..<bytes.count { early.append(bytes[index]) }
    }

    func transportDrained() { reply?.clientDrained() }

    func transportEnded() { end() }

    func transportFailed(_ error: TransportError) {
        if case .tls(let reason) = error, phase == .handshake {
            worker.log.handshakeFailed(client: address, listener: listener.name, reason)
            if case .notTLS(looksLikeHTTP: true) = reason {
                phase = .answering
                transport.writeUnencrypted(
                    Refusal(status: 400, reason: "plain HTTP request sent to a TLS port").response.span)
                transport.finish()
            }
        }
        end()
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        switch phase {
        case .handshake:
            worker.log.handshakeFailed(
                client: address, listener: listener.name, .protocolViolation("handshake too slow"))
            end()
        case .head:
            // A connection on which nothing was ever asked is closed silently, as browsers expect of spare ones.
            if parser.isEmpty { return end() }
            refuse(Refusal(status: 408, reason: "request head did not arrive in time"), host: nil, path: nil)
        case .backend, .answering, .over:
            end()
        }
    }

    // MARK: The request

    private func route(_ head: RequestHead) {
        worker.loop.cancel(timer)
        timer = nil
        let step = RouteStep(
            generation: worker.generation, head: head, address: address, isSecure: listener.tls != nil)
        switch step.decide(requestID: worker.requestID()) {
        case .refuse(let refusal):
            refuse(refusal, host: head.fields.first("host"), path: head.target)
        case .respond(let response):
            transport.write(response.span)
            linger()
        case .upgrade(let plan):
            guard plan.route.enter() else {
                let retry = HeaderFields.Field(
                    "Retry-After", String(Int.random(in: 1...10, using: &worker.loop.random)))
                let refusal = Refusal(
                    status: 503, reason: "too many connections on this route", fields: [retry])
                return refuse(refusal, host: plan.host, path: plan.path)
            }
            // Only the route: the plan holds the whole request, which the session must not keep.
            let route = plan.route
            leave = { route.leave() }
            ask(plan)
        }
    }

    private func ask(_ plan: UpgradePlan) {
        guard let upstream = worker.upstream(plan.upstream) else {
            return refuse(
                Refusal(status: 503, reason: "no backend is available"), host: plan.host, path: plan.path)
        }
        let handshake = plan.clientHandshake(key: WebSocketKey.make(from: worker.randomKeyBytes()))
        attempt = UpgradeAttempt(
            handshake, request: handshake.request, upstream: upstream,
            headLimit: worker.generation.configuration.limits.requestHead, worker: worker
        ) { [weak self] outcome in
            self?.attempt = nil
            self?.answered(outcome, plan)
        }
    }

    private func answered(_ outcome: UpgradeOutcome, _ plan: UpgradePlan) {
        switch outcome {
        case .accepted(let connection, let backend, let accepted, let backendEarly):
            begin(plan, connection, backend, accepted, backendEarly)
        case .refused(let connection, _, let head, let body):
            phase = .answering
            worker.log.backendRefused(plan, status: head.status, client: address)
            let reply = BackendReply(head, body: body, from: connection, to: transport) { [weak self] in
                self?.linger()
            }
            self.reply = reply
            transport.resumeReading()
            arm(worker.generation.configuration.timeouts.drain)
            reply.start()
        case .failed(let status, let reason, _, _):
            refuse(Refusal(status: status, reason: reason), host: plan.host, path: plan.path)
        }
    }

    private func begin(
        _ plan: UpgradePlan, _ connection: StreamConnection, _ backend: Backend, _ accepted: AcceptedUpgrade,
        _ backendEarly: [UInt8]
    ) {
        phase = .over
        let answer = plan.answer(accepted)
        transport.write(answer.span)
        let leave = self.leave
        self.leave = nil
        let session = SessionAssembly(plan: plan, accepted: accepted, worker: worker).session(
            client: transport, address: address, backend: connection, on: backend, onEnd: { leave?() })
        session.begin(clientEarly: early, backendEarly: backendEarly)
        early = []
        // Last: with nothing left to look after, a draining worker would end.
        worker.forget(self)
    }

    // MARK: The end

    private func refuse(_ refusal: Refusal, host: String?, path: String?) {
        worker.log.refused(client: address, host: host, path: path, refusal)
        phase = .answering
        transport.write(refusal.response.span)
        linger()
    }

    /// Ends in order: what the client still sends is read and dropped, or a reset would eat our answer.
    private func linger() {
        phase = .answering
        early = []
        transport.finish()
        transport.resumeReading()
        arm(worker.generation.configuration.timeouts.close)
    }

    /// The process drains: a connection without a request goes at once.
    func drain() {
        if isIdle { end() }
    }

    func end() {
        guard position >= 0 else { return }
        phase = .over
        worker.loop.cancel(timer)
        timer = nil
        attempt?.cancel()
        attempt = nil
        reply?.cancel()
        reply = nil
        transport.close()
        leave?()
        leave = nil
        worker.forget(self)
    }
}
