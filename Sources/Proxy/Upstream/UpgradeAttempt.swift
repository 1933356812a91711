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
    ///
    /// - Parameter of: the backend that was tried last.
    case failed(Fault, of: Backend?)
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
    private var headCharge: MemoryCharge?
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

    var phase: Fault.Phase { backend == nil ? search?.phase ?? .choose : .response }

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
        case .shared(let shared, let backend):
            self.backend = backend
            armDeadline()
            onStream = UpgradeOnStream(plan, on: shared) { [weak self] in self?.answered($0) }
            onStream?.start()
        case .failed(let fault, let backend): finish(.failed(fault, of: backend))
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
            backend.refused(head.status, worker)
            finish(.refused(rest, backend, head))
        case .failed(let fault): failed(fault)
        }
    }

    /// No answer, or none that can be used.
    private func failed(_ fault: Fault) {
        switch fault.kind {
        case .unprocessed:
            // Not looked at: another connection may take it (RFC 9113, 8.7).
            unprocessed += 1
            if let search, unprocessed < 4 { search.redial() } else { lost(fault) }
        case .wantsHTTP1: search?.redialOverHTTP1()
        default: if fault.retry == .never { fail(fault) } else { lost(fault) }
        }
    }

    private func finish(_ outcome: UpgradeOutcome) {
        worker.loop.cancel(deadline)
        deadline = nil
        if case .accepted(_, let backend, _, _) = outcome { backend.upgraded() }
        if case .failed(let fault, let backend) = outcome {
            connection?.close()
            onStream?.cancel()
            worker.log.upgradeFailed(upstream.name, backend: backend?.name, fault)
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
    func transportFlushed() {}

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
            headCharge?.set(parser.keptBytes)
        } catch let error as HeadError {
            fail(Fault(.malformed, .head(error)))
        } catch let error as ClientHandshakeError {
            fail(Fault(.badHandshake, .handshake(error)))
        } catch let error as DeflateAnswerError {
            fail(Fault(.badHandshake, .extensions(error)))
        } catch {
            fail(Fault(.malformed))
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
            lost(.ended(.goodbye, isAnswered: false))
        case .refused(let head):
            stopReading(connection)
            backend.refused(head.status, worker)
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
        connection.limitReads(to: nil)
        connection.receiver = nil
        headCharge = nil
    }

    private func copy(_ bytes: Span<UInt8>) -> [UInt8] { bytes.indices.map { bytes[$0] } }

    private func fail(_ fault: Fault) {
        backend?.failed(fault, worker)
        finish(.failed(fault, of: backend))
    }

    func transportEnded() { lost(.ended(.ended, isAnswered: hasAnswer)) }
    func transportFailed(_ error: TransportError) {
        lost(.ended(.transport(error), isAnswered: hasAnswer))
    }

    private func lost(_ fault: Fault) {
        connection?.close()
        connection = nil
        worker.loop.cancel(deadline)
        deadline = nil
        guard let search, fault.retry != .never else { return fail(fault) }
        if search.isWarm { return search.redial() }
        again(fault)
    }

    /// Asks another backend, if there is one to be asked.
    private func again(_ fault: Fault) {
        let asked = backend
        asked?.failed(fault, worker)
        guard let search, fault.retry != .never, search.retry() else {
            return finish(.failed(fault, of: backend))
        }
        worker.log.upgradeRetried(upstream.name, backend: asked?.name, fault)
    }

    func timerFired(_ kind: UInt8) {
        deadline = nil
        connection?.close()
        connection = nil
        onStream?.cancel()
        onStream = nil
        again(Fault(.noAnswer(hasBegun: hasAnswer)))
    }
}
