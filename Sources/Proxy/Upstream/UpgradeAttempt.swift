internal import ASCII
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate

/// What the backends said to an upgrade.
enum UpgradeOutcome {
    /// A backend accepted; `early` is what it sent behind its 101.
    case accepted(any ByteTransport, Backend, AcceptedUpgrade, early: [UInt8])
    /// A backend refused with an answer of its own, which the client gets: its head, and the rest through the request.
    case refused(any UpstreamRequest, Backend, ResponseHead)
    /// No backend could be asked, or none answered sense.
    ///
    /// - Parameter of: the backend that was tried last.
    case failed(Fault, of: Backend?)
}

/// Carries one client's upgrade to a backend: sends the handshake on what `Ask` comes by, and checks the answer.
final class UpgradeAttempt: PendingUpgrade, AskOwner, TransportReceiver {
    private let worker: UpstreamContext
    private let plan: UpgradePlan
    private let handshake: ClientHandshake
    private var done: ((UpgradeOutcome) -> Void)?
    private var ask: Ask?
    private var backend: Backend?
    /// What is asked on: one of the two.
    private var connection: StreamConnection?
    private var onStream: UpgradeOnStream?
    private var parser: ResponseHeadParser
    private var headCharge: MemoryCharge?
    private var learner: KeyLearner?
    private let began: UInt64

    /// `done` may be called at once. None of `excluded` is asked.
    init(
        _ plan: UpgradePlan, upstream: Upstream, excluding excluded: [BackendState] = [],
        patience: Duration? = nil, worker: UpstreamContext,
        done: @escaping (UpgradeOutcome) -> Void
    ) {
        self.plan = plan
        handshake = plan.clientHandshake(key: worker.webSocketKey())
        self.worker = worker
        began = worker.loop.now
        self.done = done
        parser = ResponseHeadParser(limits: worker.headLimits)
        let request = BackendRequest(plan)
        learner = KeyLearner(upstream.settings, request)
        let ask = Ask(
            upstream, for: request, excluding: excluded, patience: patience, worker: worker, owner: self)
        self.ask = ask
        ask.start()
    }

    var phase: Fault.Phase { ask?.phase ?? .choose }

    /// The client has gone: nobody waits for an answer.
    func cancel() {
        done = nil
        ask?.cancel()
        ask = nil
    }

    private func finish(_ outcome: UpgradeOutcome) {
        (connection, onStream) = (nil, nil)
        let done = self.done
        self.done = nil
        worker.metrics.count(
            outcome, route: plan.route, after: worker.loop.now - min(began, worker.loop.now))
        done?(outcome)
        // Last: by now a session is counted as such, and its place among the handshakes may go to the next.
        ask?.release()
        ask = nil
    }

    // MARK: AskOwner

    func asks(_ backend: Backend, on found: Ask.Found) {
        self.backend = backend
        switch found {
        case .connection(let connection): send(on: connection)
        case .shared(let shared):
            let stream = UpgradeOnStream(plan, on: shared) { [weak self] in self?.answered($0, by: backend) }
            onStream = stream
            stream.start()
        }
    }

    private func send(on connection: StreamConnection) {
        self.connection = connection
        connection.receiver = self
        // What comes behind the answer must be held until somebody takes it.
        connection.limitReads(to: 4096)
        connection.resumeReading()
        parser = ResponseHeadParser(limits: worker.headLimits)
        headCharge = MemoryCharge(to: connection.account)
        let bytes = handshake.request
        connection.write(bytes.span)
    }

    func askLetsGo() {
        connection?.close()
        connection = nil
        headCharge = nil
        onStream?.cancel()
        onStream = nil
    }

    func askRetried(_ fault: Fault, of backend: Backend) {
        worker.log.tell(.upgradeRetried(plan.upstream, backend: backend.name, fault))
    }

    func askEnded(_ fault: Fault, of backend: Backend?) {
        worker.log.tell(.upgradeFailed(plan.upstream, backend: backend?.name, fault))
        finish(.failed(fault, of: backend))
    }

    // MARK: Answers

    private func accepted(
        _ transport: any ByteTransport, _ accepted: AcceptedUpgrade, by backend: Backend, early: [UInt8]
    ) {
        ask?.decided()
        backend.answered(worker)
        learner?.head(accepted.fields, from: backend)
        backend.upgraded()
        finish(.accepted(transport, backend, accepted, early: early))
    }

    private func refused(_ rest: any UpstreamRequest, _ head: ResponseHead, by backend: Backend) {
        ask?.decided()
        backend.refused(head.status, worker)
        finish(.refused(rest, backend, head))
    }

    /// What came of the request on a stream.
    private func answered(_ answer: UpgradeOnStream.Answer, by backend: Backend) {
        onStream = nil
        switch answer {
        case .accepted(let stream, let upgrade): accepted(stream, upgrade, by: backend, early: [])
        case .refused(let rest, let head): refused(rest, head, by: backend)
        case .failed(let fault): ask?.failed(fault)
        }
    }

    /// Judges an answer's head, behind which `rest` has come.
    private func answer(_ head: ResponseHead, _ rest: Span<UInt8>) throws -> OnResponse {
        guard let connection, let ask, let backend else { return .refused(head) }
        let judgement = try handshake.check(head)
        switch judgement {
        case .interim: break
        case .accepted(let upgrade):
            _ = try plan.backendOffer?.agreement(upgrade.extensions)
            stopReading(connection)
            accepted(connection, upgrade, by: backend, early: copy(rest))
        // A server says 408 to a connection on which nothing was asked for long.
        case .refused(let head) where head.status == 408 && ask.takesGoodbye:
            ask.failed(.ended(.goodbye, isAnswered: false))
        case .refused(let head):
            stopReading(connection)
            let request = HTTP1UpstreamRequest(
                plan.head, refusedBy: head, early: copy(rest), on: connection, headLimits: worker.headLimits)
            refused(request, head, by: backend)
        }
        return judgement
    }

    private func stopReading(_ connection: StreamConnection) {
        connection.pauseReading()
        connection.limitReads(to: nil)
        connection.receiver = nil
        headCharge = nil
    }

    private func copy(_ bytes: Span<UInt8>) -> [UInt8] {
        var copy: [UInt8] = []
        if bytes.count > 0 { copy.append(copying: bytes) }
        return copy
    }

    // MARK: TransportReceiver

    func transportOpened() {}
    func transportFlushed() {}

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard connection != nil else { return }
        ask?.begun()
        do {
            var position = 0
            while let (head, used) = try parser.feed(bytes.span.extracting(position..<bytes.count)) {
                position += used
                // 103 and the like are for the request's sender, which is us; the real answer follows.
                if case .interim = try answer(head, bytes.span.extracting(position..<bytes.count)) {
                    continue
                }
                return
            }
            headCharge?.set(parser.keptBytes)
        } catch let error as HeadError {
            ask?.failed(Fault(.malformed, .head(error)))
        } catch let error as ClientHandshakeError {
            ask?.failed(Fault(.badHandshake, .handshake(error)))
        } catch let error as DeflateAnswerError {
            ask?.failed(Fault(.badHandshake, .extensions(error)))
        } catch {
            ask?.failed(Fault(.malformed))
        }
    }

    func transportEnded() { ask?.lost(.ended) }
    func transportFailed(_ error: TransportError) { ask?.lost(.transport(error)) }
}
