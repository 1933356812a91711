internal import EventLoop
internal import HTTPProtocol
internal import Logging
internal import TLS
internal import Telemetry
internal import WebSocketProtocol

/// What the proxy tells its operator. An event is a value; its text and fields are made here and nowhere else.
///
/// Handlers write to a queue that another thread empties: logging never blocks a loop. What is told is also counted here,
/// so that log and metrics can't disagree; the counts are those of the thread that the log belongs to.
struct EventLog {
    /// One line a session or refused request; nil when `log.access` is off.
    let access: Logger?
    /// For what peers can cause: a flood of one kind is summed up in a line a second.
    let events: Logger
    /// For what the process and its operator do: every line is written.
    let operations: Logger
    let metrics: WorkerMetrics
    /// What of queries no line shows.
    let masks = QueryMasks()

    init(_ sinks: LogSinks, metrics: WorkerMetrics) {
        access = sinks.access
        events = sinks.events
        operations = sinks.operations
        self.metrics = metrics
    }

    /// An operator reads the traffic; whoever has the file can, too.
    func keysAreLogged(to path: String, failure: String) {
        guard failure.isEmpty else {
            return operations.error(
                "session keys can't be written", metadata: ["file": "\(path)", "cause": "\(failure)"])
        }
        operations.warning("session keys are written to a file", metadata: ["file": "\(path)"])
    }

    func handshakeFailed(client: String, listener: String, _ error: TLSError) {
        metrics.add(.tlsFailures, [listener])
        events.info(
            "tls handshake failed",
            metadata: [
                "client": "\(client)", "listener": "\(listener)", "side": "client", "phase": "tls",
                "cause": "\(error)",
            ])
    }

    /// An accepted connection for which we lack what it needs: no fault of its client.
    func setUpFailed(client: String, listener: String, phase: String, _ cause: String) {
        metrics.add(.acceptFailures, [listener])
        events.error(
            "connection could not be set up",
            metadata: [
                "client": "\(client)", "listener": "\(listener)", "side": "proxy", "phase": "\(phase)",
                "cause": "\(cause)",
            ])
    }

    func connectionRefused(client: String, listener: String, _ reason: String) {
        events.info(
            "connection refused",
            metadata: [
                "client": "\(client)", "listener": "\(listener)", "side": "client", "phase": "accept",
                "cause": "\(reason)",
            ])
    }

    func acceptFailed(listener: String, _ cause: String) {
        metrics.add(.acceptFailures, [listener])
        events.error(
            "accept failed",
            metadata: ["listener": "\(listener)", "side": "client", "phase": "accept", "cause": "\(cause)"])
    }

    /// The process or the machine lacks something: no peer's doing, and it may pass.
    func outOf(
        _ lacking: SystemError.Shortage, phase: String, for name: String, _ cause: String
    ) {
        metrics.add(.shortages, [lacking.rawValue, phase])
        events.error(
            "out of \(lacking.rawValue)",
            metadata: ["for": "\(name)", "side": "proxy", "phase": "\(phase)", "cause": "\(cause)"])
    }

    /// A connection could not be accepted, for a reason of the kernel's.
    func acceptFailed(listener: String, _ error: SystemError) {
        guard let lacking = error.shortage else {
            return acceptFailed(listener: listener, error.description)
        }
        metrics.add(.acceptFailures, [listener])
        outOf(lacking, phase: "accept", for: listener, error.description)
    }

    /// A peer was given up because the process held too much, and most for it.
    func cutForMemory(_ cut: MemoryCut) {
        let side = cut.isClient ? "client" : "backend"
        metrics.add(.memoryCuts, [side])
        events.warning(
            "connection cut for memory",
            metadata: [
                "peer": "\(cut.peer)", "side": "\(side)", "held_bytes": .stringConvertible(cut.bytes),
                "cause": "over limits.memory",
            ])
    }

    // MARK: Another process takes over
}
