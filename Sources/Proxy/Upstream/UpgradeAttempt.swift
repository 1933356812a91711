internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate

/// What the backends said to an upgrade.
enum UpgradeOutcome {
    /// A backend accepted; `early` is what it sent behind its 101.
    case accepted(any ByteTransport, Backend, AcceptedUpgrade, early: [UInt8])
    /// A feed is open that this client may join.
    case joined(Feed, AcceptedUpgrade)
    /// A backend refused with an answer of its own, which the client gets: its head, and the rest through the request.
    case refused(any UpstreamRequest, Backend, ResponseHead)
    /// No backend could be asked, or none answered sense.
    case failed(status: Int, reason: String, backend: String?, phase: String)
}

/// Carries one client's upgrade to a backend: chooses, takes a warm connection or dials, asks, checks the answer.
///
/// A backend that can't be reached is skipped for the next one. Once a request was sent, it is sent again only while
/// nothing of an answer has come: to the same backend if the connection was a warm one that had died unnoticed, else to
/// another one, as the upstream's `retry` allows.
final class UpgradeAttempt: PendingUpgrade, TransportReceiver, TimerTarget {
    private let worker: Worker
    private let upstream: Upstream
    private let plan: UpgradePlan
    private let handshake: ClientHandshake
    private var onStream: UpgradeOnStream?
    private var done: ((UpgradeOutcome) -> Void)?
    private var search: BackendSearch?
    private var backend: Backend?
    private var connection: StreamConnection?
    private var hasAnswer = false
    private var unprocessed = 0
    private var parser: ResponseHeadParser
    private var deadline: TimerToken?
    private var learner: KeyLearner?
    private let began: UInt64

    init(
        _ plan: UpgradePlan, upstream: Upstream, worker: Worker, done: @escaping (UpgradeOutcome) -> Void
    ) {
        self.plan = plan
        handshake = plan.clientHandshake(key: WebSocketKey.make(from: worker.randomKeyBytes()))
        self.upstream = upstream
        self.worker = worker
        began = worker.loop.now
        self.done = done
        parser = ResponseHeadParser(limits: worker.headLimits)
        let request = BackendRequest(plan)
        learner = KeyLearner(upstream.settings, request)
        let search = BackendSearch(upstream, for: request, worker: worker) { [weak self] in self?.found($0) }
        self.search = search
        search.start()
    }

    var phase: String { backend == nil ? search?.phase ?? "choose" : "response" }

    /// The client has gone: nobody waits for an answer.
    func cancel() {
        done = nil
        search?.cancel()
        search = nil
        connection?.close()
        connection = nil
        onStream?.cancel()
        onStream = nil
        worker.loop.cancel(deadline)
        deadline = nil
    }

    private func found(_ found: BackendSearch.Found) {
        switch found {
        case .connection(let connection, let backend):
            self.backend = backend
            send(on: connection)
        case .line(let line, let backend):
            self.backend = backend
            armDeadline()
            onStream = UpgradeOnStream(plan, on: line) { [weak self] in self?.answered($0) }
            onStream?.start()
        case .failed(let failure):
            finish(
                .failed(
                    status: failure.status, reason: failure.reason, backend: failure.backend,
                    phase: failure.phase), cause: failure.cause)
        }
    }

    private func send(on connection: StreamConnection) {
        self.connection = connection
        connection.receiver = self
        connection.resumeReading()
        parser = ResponseHeadParser(limits: worker.headLimits)
        armDeadline()
        let bytes = handshake.request
        connection.write(bytes.span)
    }

    private func armDeadline() {
        guard upstream.responseTimeout > 0, deadline == nil else { return }
        deadline = worker.loop.schedule(self, kind: 0, after: upstream.responseTimeout)
    }

    /// What came of the request on a stream.
    private func answered(_ answer: UpgradeOnStream.Answer) {
        guard let backend else { return }
        onStream = nil
        switch answer {
        case .accepted(let stream, let accepted):
            backend.answered(worker)
            learner?.head(accepted.fields, from: backend)
            finish(.accepted(stream, backend, accepted, early: []))
        case .refused(let rest, let head):
            judge(head, backend)
            finish(.refused(rest, backend, head))
        case .wrong(let cause): fail("backend's handshake is wrong", cause: cause)
        case .lost(let cause): lost(cause)
        case .unprocessed(let cause):
            // Not looked at: another connection may take it (RFC 9113, 8.7).
            unprocessed += 1
            if let search, unprocessed < 4 { search.redial() } else { lost(cause) }
        case .wantsHTTP1: search?.redialOverHTTP1()
        }
    }

    private func judge(_ refusal: ResponseHead, _ backend: Backend) {
        if refusal.status >= 500 {
            backend.failed("answered \(refusal.status)", worker)
        } else {
            backend.answered(worker)
        }
    }

    private func finish(_ outcome: UpgradeOutcome, cause: String? = nil) {
        worker.loop.cancel(deadline)
        deadline = nil
        if case .accepted(_, let backend, _, _) = outcome { backend.upgraded() }
        if case .failed(_, let reason, let backend, let phase) = outcome {
            connection?.close()
            onStream?.cancel()
            worker.log.upgradeFailed(upstream.name, backend: backend, phase: phase, cause: cause ?? reason)
        }
        connection = nil
        onStream = nil
        let done = self.done
        self.done = nil
        worker.metrics.count(
            outcome, route: plan.route.name, after: worker.loop.now - min(began, worker.loop.now))
        done?(outcome)
        // Last: by now a session is counted as such, and its place among the handshakes may go to the next.
        search?.cancel()
        search = nil
    }

    // MARK: TransportReceiver

    func transportOpened() {}
    func transportDrained() {}

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard connection != nil, backend != nil else { return }
        hasAnswer = true
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
        } catch let error as HeadError {
            fail("backend's answer is malformed", cause: error.reason)
        } catch let error as ClientHandshakeError {
            fail("backend's handshake is wrong", cause: error.reason)
        } catch let error as DeflateAnswerError {
            fail("backend's handshake is wrong", cause: error.reason)
        } catch {
            fail("backend's answer is malformed", cause: "\(error)")
        }
    }

    /// Judges an answer's head, behind which `rest` has come.
    private func answer(_ head: ResponseHead, _ rest: Span<UInt8>) throws -> OnResponse {
        guard let connection, let backend else { return .refused(head) }
        let judgement = try handshake.check(head)
        switch judgement {
        case .interim: break
        case .accepted(let accepted):
            _ = try plan.backendOffer?.agreement(accepted.extensions)
            stopReading(connection)
            backend.answered(worker)
            learner?.head(accepted.fields, from: backend)
            finish(.accepted(connection, backend, accepted, early: copy(rest)))
        case .refused(let head) where isGoodbye(head):
            hasAnswer = false
            lost("408 on an idle connection")
        case .refused(let head):
            stopReading(connection)
            judge(head, backend)
            let request = HTTP1UpstreamRequest(
                plan.head, refusedBy: head, early: copy(rest), on: connection, headLimits: worker.headLimits)
            finish(.refused(request, backend, head))
        }
        return judgement
    }

    /// A server says 408 to a connection on which nothing was asked for long (RFC 9110, 15.5.9): our request came too late,
    /// and nobody has read it.
    private func isGoodbye(_ head: ResponseHead) -> Bool { head.status == 408 && search?.isPooled == true }

    private func stopReading(_ connection: StreamConnection) {
        connection.pauseReading()
        connection.receiver = nil
    }

    private func copy(_ bytes: Span<UInt8>) -> [UInt8] { bytes.indices.map { bytes[$0] } }

    private func fail(_ reason: String, cause: String) {
        backend?.failed(cause, worker)
        finish(.failed(status: 502, reason: reason, backend: backend?.name, phase: "response"), cause: cause)
    }

    func transportEnded() { lost("connection ended") }
    func transportFailed(_ error: TransportError) { lost(error.description) }

    private func lost(_ cause: String) {
        connection?.close()
        connection = nil
        worker.loop.cancel(deadline)
        deadline = nil
        guard let search, !hasAnswer else { return fail("backend ended the connection", cause: cause) }
        if search.isWarm { return search.redial() }
        backend?.failed(cause, worker)
        let lost = backend?.name
        if search.retry() { return worker.log.upgradeRetried(upstream.name, backend: lost, cause: cause) }
        finish(
            .failed(
                status: 502, reason: "backend ended the connection", backend: backend?.name, phase: "response"
            ),
            cause: cause)
    }

    func timerFired(_ kind: UInt8) {
        deadline = nil
        let cause = "no answer in time"
        backend?.failed(cause, worker)
        connection?.close()
        connection = nil
        onStream?.cancel()
        onStream = nil
        let late = backend?.name
        if let search, !hasAnswer, search.retry() {
            return worker.log.upgradeRetried(upstream.name, backend: late, cause: cause)
        }
        finish(
            .failed(
                status: 504, reason: "backend took too long to answer", backend: backend?.name,
                phase: "response"))
    }
}
