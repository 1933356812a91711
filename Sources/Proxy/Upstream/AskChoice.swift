internal import Configuration
internal import EventLoop
internal import Routing

/// The backend that one request goes to: chosen, with a place taken at it, or waited for in the queue.
struct AskChoice: ~Copyable {
    private let upstream: Upstream
    private let request: BackendRequest
    /// How long an answer is waited for at most, where another could be asked.
    private let patience: Duration?
    /// Not to be asked, or not again; `asked` joins them when another one is chosen.
    private var tried: [BackendState]
    private var asked: Backend?
    /// The one that comes next: chosen, and with a place where one is needed.
    private var next: Backend?
    /// Who may be waited for where it isn't `next` alone; `only` where no other will do.
    private var candidates: (backends: [Backend], only: Backend?) = ([], nil)
    private var place: BackendState?
    private var queueNumber: UInt64?

    /// - Parameter excluded: these are not asked.
    init(
        _ upstream: Upstream, for request: BackendRequest, excluding excluded: [BackendState],
        patience: Duration?
    ) {
        self.patience = patience
        self.upstream = upstream
        self.request = request
        tried = excluded
    }

    mutating func choose(isRetry: Bool) -> AskMachine.Choice {
        if let last = asked.take() { tried.append(last.state) }
        switch upstream.choose(for: request, excluding: tried) {
        case .nobody: return .nobody
        case _ where isRetry && !upstream.takeRetry(): return .nobody
        case .ask(let backend):
            candidates = ([], nil)
            next = backend
            return .backend
        case .wait(let backends, let only):
            candidates = (backends, only)
            return .full
        }
    }

    mutating func takePlace() -> Bool {
        guard let state = next?.state, state.takePlace() else { return false }
        place = state
        return true
    }

    /// The chosen one, which is asked now and not again.
    mutating func takeNext() -> Backend? {
        guard let chosen = next.take() else { return nil }
        asked = chosen
        return chosen
    }

    /// How long an answer of the one that is asked is waited for.
    func patience(with backend: Backend?) -> Duration {
        backend.map { upstream.patience(with: $0, excluding: tried, most: patience) }
            ?? upstream.responseTimeout
    }

    // MARK: The queue

    mutating func enterQueue(as number: UInt64, mailbox: Mailbox) -> AskMachine.QueueEntry {
        let waiter = AdmissionQueue.Waiter(only: candidates.only?.state, tried: tried, mailbox: mailbox)
        let backends = candidates.backends.isEmpty ? next.map { [$0] } ?? [] : candidates.backends
        let entry = upstream.settings.state.queue.enter(
            backends.map(\.state), waiter, id: number,
            limit: upstream.settings.policy.handshakes.queue)
        switch entry {
        case .waiting:
            queueNumber = number
            return .waiting
        case .entered(let state):
            _ = take(state)
            return .entered
        case .full: return .full
        }
    }

    /// Its turn has come. False where there is no place for it after all.
    mutating func called(_ state: BackendState?) -> Bool {
        queueNumber = nil
        guard let state else { return false }
        return take(state)
    }

    /// Its number, where it waited.
    mutating func leaveQueue() -> UInt64? {
        guard let number = queueNumber.take() else { return nil }
        upstream.settings.state.queue.leave(number)
        return number
    }

    /// Keeps a place that has come. False, and the place goes to the next, when its backend is listed no longer.
    private mutating func take(_ state: BackendState) -> Bool {
        guard let backend = upstream.backends.first(where: { $0.state === state }) else {
            state.handshakeEnded()
            return false
        }
        (place, next) = (state, backend)
        return true
    }

    mutating func releasePlace() { place.take()?.handshakeEnded() }
}
