internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import Routing

/// Finds a connection for one request: chooses a backend, waits for a place with it, takes a warm connection or dials,
/// and goes on to another backend when one can't be reached, as time allows, or doesn't answer, as often as the upstream's
/// `retry` allows.
///
/// An upgrade's place among the backend's handshakes is held until `cancel`.
final class BackendSearch: TimerTarget {
    enum Found {
        case connection(StreamConnection, Backend)
        /// A place on a connection that others use too.
        case shared(SharedConnection, Backend)
        /// - Parameter of: the backend that was tried last.
        case failed(Fault, of: Backend?)
    }

    private let upstream: Upstream
    private let request: BackendRequest
    private let worker: Worker
    private var found: ((Found) -> Void)?
    private var tried: [BackendState] = []
    private var allowance: RetryAllowance
    private var backend: Backend?
    private var dial: Dial?
    private var sharedWaiter: MultiplexPool.Waiter?
    private var lastFault: Fault?
    /// The backend whose place is held.
    private var place: BackendState?
    /// In the admission queue.
    private var queueNumber: UInt64?
    private var deadline: TimerToken?
    /// The connection was open before it was found, so it may have died unnoticed.
    private(set) var isWarm = false
    /// It is nobody else's, and was idle.
    private(set) var isPooled = false

    init(
        _ upstream: Upstream, for request: BackendRequest, worker: Worker, found: @escaping (Found) -> Void
    ) {
        self.upstream = upstream
        self.request = request
        self.worker = worker
        self.found = found
        allowance = RetryAllowance(
            attempts: upstream.settings.policy.retry.attempts,
            connectTimeout: upstream.settings.configuration.connectTimeout, now: worker.loop.now)
    }

    /// What is waited for, in the log's words.
    var phase: Fault.Phase { queueNumber != nil ? .queue : .connect }

    /// Looks for the first connection.
    func start() {
        upstream.retries.asked()
        follow(upstream.choose(for: request, excluding: tried))
    }

    /// Looks for a new connection to the same backend, after a warm one had died.
    func redial() {
        guard let backend else { return start() }
        isWarm = false
        connect(backend)
    }

    /// The same after the backend had said that it wants this request over HTTP/1.1 (RFC 9113, 7).
    func redialOverHTTP1() {
        guard let backend else { return start() }
        isWarm = true
        connectAlone(backend)
    }

    private func connect(_ backend: Backend) {
        guard let pool = backend.multiplexPool else { return connectAlone(backend) }
        sharedWaiter = pool.place(isUpgrade: request.isUpgrade) { [weak self] place in
            guard let self else { return }
            sharedWaiter = nil
            switch place {
            case .shared(let shared): found?(.shared(shared, backend))
            case .http1: connectAlone(backend)
            case .failed(let fault):
                lastFault = fault
                if !tryAnother(costs: false) { giveUp() }
            case .full:
                guard !tryAnother(costs: false) else { return }
                tell(Fault(.streamsTaken))
            }
        }
    }

    private func connectAlone(_ backend: Backend) {
        isPooled = false
        if isWarm, let warm = backend.pool?.take() {
            isPooled = true
            found?(.connection(warm, backend))
        } else {
            isWarm = false
            dial(backend)
        }
    }

    private func dial(_ backend: Backend) {
        dial = backend.dial(on: worker, preamble: preamble) { [weak self] result in
            guard let self else { return }
            dial = nil
            switch result {
            case .success(let connection): found?(.connection(connection, backend))
            case .failure(let fault):
                lastFault = fault
                // Nothing was sent: every backend may be tried, and time alone limits this.
                if !tryAnother(costs: false) { giveUp() }
            }
        }
    }

    /// Looks for a connection to another backend, after this one had taken the request and not answered. False when
    /// there is none, or no more retries are to be made.
    func retry() -> Bool { tryAnother(costs: true) }

    private func tryAnother(costs: Bool) -> Bool {
        guard costs ? allowance.mayRetry : allowance.mayDial(at: worker.loop.now) else { return false }
        let choice = upstream.choose(for: request, excluding: tried)
        if case .nobody = choice { return false }
        if costs, !upstream.retries.takeRetry() { return false }
        if costs { allowance.retried() }
        leavePlace()
        follow(choice)
        return true
    }

    /// Forgets everything, and gives the place back.
    func cancel() {
        found = nil
        dial?.cancel()
        dial = nil
        sharedWaiter?.cancel()
        sharedWaiter = nil
        leaveQueue()
        leavePlace()
    }

    private func follow(_ choice: Upstream.Choice) {
        switch choice {
        case .nobody: giveUp()
        case .ask(let backend):
            guard request.isUpgrade else { return ask(backend) }
            if backend.state.takePlace() {
                place = backend.state
                ask(backend)
            } else {
                wait([backend], only: nil)
            }
        case .wait(let backends, let only): wait(backends, only: only)
        }
    }

    private func ask(_ backend: Backend) {
        tried.append(backend.state)
        self.backend = backend
        isWarm = true
        connect(backend)
    }

    private var preamble: [UInt8] {
        guard upstream.settings.policy.sendsProxyHeader else { return [] }
        return ProxyHeaderEncoder.version2(client: request.client, request.ends)
    }

    // MARK: The queue

    private func wait(_ backends: [Backend], only: Backend?) {
        let queue = upstream.settings.state.queue
        let limits = upstream.settings.policy.handshakes
        let waiter = AdmissionQueue.Waiter(only: only?.state, tried: tried, mailbox: worker.loop.mailbox)
        let id = queue.newID()
        worker.desk.wait(id) { [weak self] state in
            if let self { answered(state) } else { state?.handshakeEnded() }
        }
        queueNumber = id
        switch queue.enter(backends.map(\.state), waiter, id: id, limit: limits.queue) {
        case .waiting:
            if limits.queueTimeout > 0, deadline == nil {
                deadline = worker.loop.schedule(self, kind: 0, after: limits.queueTimeout)
            }
        case .entered(let state):
            leaveQueue()
            placed(with: state)
        case .full:
            leaveQueue()
            tell(Fault(.queueFull))
        }
    }

    /// The queue has answered: with a place, or with none because the backend that was waited for is out.
    private func answered(_ state: BackendState?) {
        queueNumber = nil
        guard let state else { return follow(upstream.choose(for: request, excluding: tried)) }
        placed(with: state)
    }

    private func placed(with state: BackendState) {
        place = state
        guard let backend = upstream.backends.first(where: { $0.state === state }) else {
            leavePlace()
            return follow(upstream.choose(for: request, excluding: tried))
        }
        worker.loop.cancel(deadline)
        deadline = nil
        ask(backend)
    }

    private func leaveQueue() {
        worker.loop.cancel(deadline)
        deadline = nil
        guard let queueNumber else { return }
        self.queueNumber = nil
        worker.desk.forget(queueNumber)
        upstream.settings.state.queue.leave(queueNumber)
    }

    private func leavePlace() {
        place?.handshakeEnded()
        place = nil
    }

    func timerFired(_ kind: UInt8) {
        deadline = nil
        leaveQueue()
        tell(Fault(.queueTimeout))
    }

    // MARK: The end

    private func giveUp() {
        guard let fault = lastFault else { return tell(Fault(.noBackend)) }
        // Asked for only where it matters, as it remembers that somebody was told.
        guard case .unreachable = fault.kind else { return tell(fault) }
        tell(upstream.isKnownOut() ? fault.whereAllAreOut : fault)
    }

    private func tell(_ fault: Fault) { found?(.failed(fault, of: backend)) }
}
