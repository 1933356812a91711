internal import EventLoop

/// Why no backend could be asked, as the client is told and as the log says it.
struct UpstreamFailure {
    let status: Int
    let reason: String
    let backend: String?
    let phase: String
    let cause: String
}

/// Finds a connection for one request: chooses a backend, takes a warm connection or dials, and goes on to the next
/// backend when one can't be reached.
final class BackendSearch {
    enum Found {
        case connection(StreamConnection, Backend)
        case failed(UpstreamFailure)
    }

    private let upstream: Upstream
    private let worker: Worker
    private var found: ((Found) -> Void)?
    private var tried: [Backend] = []
    private var backend: Backend?
    private var dial: Dial?
    private var lastError: DialError?
    /// The connection was open before it was found, so it may have died unnoticed.
    private(set) var isWarm = false

    init(_ upstream: Upstream, worker: Worker, found: @escaping (Found) -> Void) {
        self.upstream = upstream
        self.worker = worker
        self.found = found
    }

    /// Looks for the first connection, or for one to another backend.
    func next() {
        guard let next = upstream.choose(excluding: tried, at: worker.loop.now) else { return giveUp() }
        tried.append(next)
        backend = next
        guard let warm = next.pool?.take() else { return redial() }
        isWarm = true
        found?(.connection(warm, next))
    }

    /// Looks for a new connection to the same backend, after a warm one had died.
    func redial() {
        guard let backend else { return next() }
        isWarm = false
        dial = backend.dial(on: worker) { [weak self] result in
            guard let self else { return }
            dial = nil
            switch result {
            case .success(let connection): found?(.connection(connection, backend))
            case .failure(let error):
                lastError = error
                next()
            }
        }
    }

    func cancel() {
        found = nil
        dial?.cancel()
        dial = nil
    }

    private func giveUp() {
        let failure =
            switch lastError {
            case nil:
                failure(503, "no backend is available", phase: "choose", cause: "no backend is available")
            case .timedOut(let phase)?:
                failure(504, "backend took too long (\(phase))", phase: phase, cause: "\(phase) timed out")
            case let error?:
                failure(502, "backend could not be reached", phase: error.phase, cause: error.description)
            }
        found?(.failed(failure))
    }

    private func failure(_ status: Int, _ reason: String, phase: String, cause: String) -> UpstreamFailure {
        UpstreamFailure(status: status, reason: reason, backend: backend?.name, phase: phase, cause: cause)
    }
}
