internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// A request of our own to an upstream, with a small answer that is taken whole. It goes the way of all requests: the
/// upstream's choice of backends, its pool, TLS and retries.
final class UpstreamCall: ExchangeClient, Responder, TimerTarget {
    /// Bytes of the answer's body.
    private static let mostBody = 256 << 10

    private let plan: RequestPlan
    private let worker: UpstreamContext
    private let time: Duration
    private var done: ((UpstreamAnswer?) -> Void)?
    private var exchange: Exchange?
    private var deadline: TimerToken?
    private var head: ResponseHead?
    private var answer: [UInt8] = []

    /// - Parameters:
    ///   - time: for all of it; 0 = the upstream's own deadlines.
    ///   - done: called once, never from inside `start`; nil where there was no whole answer.
    init(
        _ plan: RequestPlan, on worker: UpstreamContext, within time: Duration,
        done: @escaping (UpstreamAnswer?) -> Void
    ) {
        self.plan = plan
        self.worker = worker
        self.time = time
        self.done = done
    }

    func start() {
        guard let upstream = worker.upstream(plan.upstream) else { return finishSoon(nil) }
        if time > .zero { deadline = worker.loop.schedule(self, kind: 0, after: time) }
        let exchange = Exchange(plan, upstream: upstream, client: self, responder: self, worker: worker)
        self.exchange = exchange
        exchange.start()
    }

    func cancel() {
        done = nil
        worker.loop.cancel(deadline)
        deadline = nil
        exchange?.cancel()
        exchange = nil
    }

    func timerFired(_ kind: UInt8) {
        deadline = nil
        exchange?.cancel()
        finishSoon(nil)
    }

    /// It is not read to its end, which may never come.
    private func giveUp() {
        guard head != nil else { return }
        head = nil
        worker.loop.nextTurn { [weak self] in
            guard let self, done != nil else { return }
            exchange?.cancel()
            finishSoon(nil)
        }
    }

    private func finishSoon(_ answer: UpstreamAnswer?) {
        worker.loop.cancel(deadline)
        deadline = nil
        // What is on the stack may be the exchange's, which must outlive it.
        worker.loop.nextTurn { [self] in
            exchange = nil
            done.take()?(answer)
        }
    }

    // MARK: ExchangeClient

    func exchangeWantsBody() {}
    func exchangeBodyPaused(_ isPaused: Bool) {}

    func exchangeEnded(_ end: ExchangeEnd) {
        switch end {
        case .next, .last: finishSoon(head.map { UpstreamAnswer(head: $0, body: answer) })
        case .refuse, .broken: finishSoon(nil)
        }
    }

    // MARK: Responder

    var status: Int { head?.status ?? 0 }
    var bodyBytes: UInt64 { UInt64(answer.count) }
    let keepsAlive = true
    var outflow: Outflow { Outflow() }
    var readBound: (any ReadBound)? { nil }
    func isFull(beyond limit: Int) -> Bool { false }
    func interim(_ head: ResponseHead) {}
    func begin(_ head: ResponseHead, framing: BodyFraming) { self.head = head }

    /// What is longer is no answer that is waited for.
    func body(_ bytes: Span<UInt8>) {
        guard answer.count + bytes.count <= Self.mostBody else { return giveUp() }
        for index in bytes.indices { answer.append(bytes[index]) }
    }

    func end(trailers: HeaderFields) {}
    func flush() {}
}

extension RequestPlan {
    /// A GET of our own, which is nobody's.
    static func ofOurs(_ path: String, upstream: String, route: Route, worker: UpstreamContext) -> RequestPlan
    {
        var head = RequestHead(
            method: "GET", target: (try? RequestTarget(text: path)) ?? .root, fields: HeaderFields())
        let settings = worker.upstream(upstream)?.settings.configuration
        let host = settings?.tls?.serverName ?? settings?.backends.first.map { "\($0.address)" } ?? upstream
        head.fields.append("Host", host)
        head.fields.append("Accept", "application/jwk-set+json, application/json")
        head.fields.append("User-Agent", "trunkline")
        var forwarding = Forwarding(
            KnownClient(judging: &head, from: "unix:", trusting: TrustedProxies(), underscores: .drop),
            over: Forwarding.Connection(isSecure: false), requestID: worker.requestID())
        var edits = FieldEdits()
        for name in ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"] {
            edits.remove(name)
        }
        forwarding.edits = edits
        return RequestPlan(
            route: route, upstream: upstream, head: head, target: head.target, framing: .none,
            forwarding: forwarding, host: host)
    }
}
