internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import Routing

/// Whose request it is: sends it, and is told what becomes of the asking.
protocol AskOwner: AnyObject {
    /// Sends the request; the answer is its own to read, and what fails of it is told to the ask.
    func asks(_ backend: Backend, on found: Ask.Found)
    /// Lets go of what it was given to ask on.
    func askLetsGo()
    /// The request goes to another backend, as this one has failed.
    func askRetried(_ fault: Fault, of backend: Backend)
    /// No backend could be asked, or none answered sense.
    ///
    /// - Parameter backend: the one that was tried last.
    func askEnded(_ fault: Fault, of backend: Backend?)
}

/// Puts one request to the backends of an upstream: does what `AskMachine` decides.
final class Ask: TimerTarget {
    enum Found {
        case connection(StreamConnection)
        /// A place on a connection that others use too.
        case shared(SharedConnection)
    }

    private enum Timer: UInt8 { case queue, answer }

    private let upstream: Upstream
    private let request: BackendRequest
    private let worker: UpstreamContext
    /// Which holds this: let go of as soon as nothing more is told to it.
    private var owner: (any AskOwner)?
    private var machine: AskMachine
    /// The one that is asked, or was last.
    private var backend: Backend?
    private var choice: AskChoice
    /// What was come by, until it is asked on.
    private var found: Found?
    private var dial: Dial?
    private var sharedWaiter: MultiplexPool.Waiter?
    private var deadlines: (queue: TimerToken?, answer: TimerToken?) = (nil, nil)
    /// The step that comes next, while others are being done.
    private var pending = OnAsk.Step.wait
    private var isStepping = false

    /// - Parameters:
    ///   - excluded: these are not asked.
    ///   - patience: how long the answer to an upgrade is waited for at most, where another could be asked.
    init(
        _ upstream: Upstream, for request: BackendRequest, excluding excluded: [BackendState] = [],
        patience: Duration? = nil, worker: UpstreamContext, owner: any AskOwner
    ) {
        self.upstream = upstream
        self.request = request
        choice = AskChoice(upstream, for: request, excluding: excluded, patience: patience)
        self.worker = worker
        self.owner = owner
        let settings = upstream.settings
        machine = AskMachine(
            AskMachine.Rules(
                isUpgrade: request.isUpgrade, isRepeatable: request.isUpgrade || request.head.isIdempotent,
                allowance: RetryAllowance(
                    attempts: settings.policy.retry.attempts,
                    connectTimeout: settings.connectTimeout, now: worker.loop.now),
                boundsQueue: settings.policy.handshakes.queueTimeout > .zero,
                boundsAnswer: request.isUpgrade && upstream.responseTimeout > .zero))
    }

    var phase: Fault.Phase { machine.phase }
    /// Whether a 408 that comes now says that nobody has read the request.
    var takesGoodbye: Bool { machine.takesGoodbye }

    func start() {
        upstream.asked()
        follow(machine.begin())
    }

    // MARK: What the owner tells

    /// A part of the request is gone that can't be sent again.
    func committed() { machine.committed() }

    /// A part of an answer has come.
    func begun() { machine.begun() }

    /// The connection went, or the answer can't be used.
    func failed(_ fault: Fault) { follow(machine.failed(fault)) }

    /// The same of a connection that ended, whatever had come of an answer.
    func lost(_ cause: Fault.Cause) { failed(.ended(cause, isAnswered: machine.hasBegun)) }

    /// The answer is there; the connection is its own from here on.
    func decided() {
        follow(machine.decided())
        owner = nil
    }

    /// What comes of the answer is counted elsewhere: the place may go to the next.
    func release() { follow(machine.released()) }

    /// Nobody waits for the answer any longer.
    func cancel() {
        pending = .wait
        follow(machine.cancel())
        owner = nil
    }

    // MARK: Steps

    /// Does what was decided, and goes on until something is to be waited for. A loop: backends that fail at once may be
    /// many, and owners may tell of a failure from inside `asks`.
    private func follow(_ decision: OnAsk) {
        act(on: decision)
        guard !isStepping else { return }
        isStepping = true
        defer { isStepping = false }
        while pending != .wait {
            let step = pending
            pending = .wait
            if let next = carryOut(step) { act(on: next) }
        }
    }

    private func act(on decision: OnAsk) {
        if decision.step != .wait { pending = decision.step }
        tell(decision.verdict)
        release(decision.returns)
        arm(decision.arms)
    }

    /// What is decided next; nil where the next event comes by itself.
    private func carryOut(_ step: OnAsk.Step) -> OnAsk? {
        switch step {
        case .wait: break
        case .choose(let isRetry): return machine.chose(choice.choose(isRetry: isRetry))
        case .take: return machine.took(choice.takePlace())
        case .queue: return machine.joined(queue())
        case .connect(let way): return connect(way)
        case .ask: if let found = found.take(), let backend { owner?.asks(backend, on: found) }
        case .end(let fault): owner.take()?.askEnded(upstream.told(fault), of: backend)
        }
        return nil
    }

    private func tell(_ verdict: OnAsk.Verdict?) {
        guard let verdict, let backend else { return }
        switch verdict {
        case .suspected(let fault): backend.failed(fault, worker)
        case .retried(let fault): owner?.askRetried(fault, of: backend)
        }
    }

    // MARK: The choice

    private func queue() -> AskMachine.QueueEntry {
        let number = upstream.settings.state.queue.newID()
        worker.desk.wait(number) { [weak self] state in
            if let self { called(state) } else { state?.handshakeEnded() }
        }
        let entry = choice.enterQueue(as: number, mailbox: worker.loop.mailbox)
        if entry != .waiting { worker.desk.forget(number) }
        return entry
    }

    private func called(_ state: BackendState?) { follow(machine.called(choice.called(state))) }

    // MARK: The connection

    private func connect(_ way: AskMachine.Way) -> OnAsk? {
        if let chosen = choice.takeNext() { backend = chosen }
        guard let backend else { return machine.notConnected(Fault(.noBackend), at: worker.loop.now) }
        guard way.takesShared, let pool = backend.multiplexPool else { return connectAlone(backend, way) }
        var isInside = true
        var answer: MultiplexPool.Place?
        let waiter = pool.place(isUpgrade: request.isUpgrade) { [weak self] place in
            if isInside { return answer = place }
            guard let self else { return place.release() }
            sharedWaiter = nil
            if let decision = placed(place, backend, way) { follow(decision) }
        }
        isInside = false
        if let answer { return placed(answer, backend, way) }
        sharedWaiter = waiter
        return nil
    }

    private func placed(
        _ place: MultiplexPool.Place, _ backend: Backend, _ way: AskMachine.Way
    ) -> OnAsk? {
        switch place {
        case .shared(let shared): come(by: .shared(shared), .shared)
        case .http1: connectAlone(backend, way)
        case .failed(let fault): machine.notConnected(fault, at: worker.loop.now)
        case .full: machine.notConnected(Fault(.streamsTaken), at: worker.loop.now)
        }
    }

    private func connectAlone(_ backend: Backend, _ way: AskMachine.Way) -> OnAsk? {
        if way.takesIdle, let idle = backend.pool?.take() { return come(by: .connection(idle), .idle) }
        // A dial lets go of this when it is done or cancelled.
        dial = backend.dial(on: worker, preamble: preamble) { [self] result in
            dial = nil
            switch result {
            case .success(let connection): follow(come(by: .connection(connection), .new))
            case .failure(let fault): follow(machine.notConnected(fault, at: worker.loop.now))
            }
        }
        return nil
    }

    private func come(by found: Found, _ connection: AskMachine.Connection) -> OnAsk {
        self.found = found
        return machine.connected(connection)
    }

    private var preamble: [UInt8] {
        guard upstream.settings.policy.sendsProxyHeader else { return [] }
        return ProxyHeaderEncoder.version2(client: request.client, request.ends)
    }

    // MARK: What is lent

    private func arm(_ loans: AskLoans) {
        if loans.contains(.queueDeadline) {
            deadlines.queue = worker.loop.schedule(
                self, kind: Timer.queue.rawValue, after: upstream.settings.policy.handshakes.queueTimeout)
        }
        if loans.contains(.answerDeadline) {
            let patience = machine.mayAskAnother ? choice.patience(with: backend) : upstream.responseTimeout
            deadlines.answer = worker.loop.schedule(self, kind: Timer.answer.rawValue, after: patience)
        }
    }

    private func release(_ loans: AskLoans) {
        if loans.contains(.queueDeadline) {
            worker.loop.cancel(deadlines.queue)
            deadlines.queue = nil
        }
        if loans.contains(.answerDeadline) {
            worker.loop.cancel(deadlines.answer)
            deadlines.answer = nil
        }
        if loans.contains(.connection) { leaveConnection() }
        if loans.contains(.queueNumber), let number = choice.leaveQueue() { worker.desk.forget(number) }
        if loans.contains(.place) { choice.releasePlace() }
    }

    private func leaveConnection() {
        dial?.cancel()
        dial = nil
        sharedWaiter?.cancel()
        sharedWaiter = nil
        switch found.take() {
        case .connection(let connection)?: connection.close()
        case .shared(let shared)?: shared.carriedStreamEnded()
        case nil: owner?.askLetsGo()
        }
    }

    func timerFired(_ kind: UInt8) {
        switch Timer(rawValue: kind) {
        case .queue?:
            deadlines.queue = nil
            follow(machine.queueTimedOut())
        case .answer?:
            deadlines.answer = nil
            follow(machine.answerTimedOut())
        case nil: break
        }
    }
}

extension MultiplexPool.Place {
    /// Nobody is there who wants it.
    fileprivate func release() { if case .shared(let shared) = self { shared.carriedStreamEnded() } }
}

extension Upstream {
    /// A failure as it is told: where no other backend is left either, that is what there is to say.
    fileprivate func told(_ fault: Fault) -> Fault {
        // Asked for only where it matters, as it remembers that somebody was told.
        guard case .unreachable = fault.kind else { return fault }
        return isKnownOut() ? fault.whereAllAreOut : fault
    }
}
