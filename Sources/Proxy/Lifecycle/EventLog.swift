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

    // MARK: Sessions

    func sessionEnded(_ session: LiveSession, at now: UInt64) {
        metrics.count(session, at: now)
        guard let access else { return }
        access.info("session ended", metadata: session.logFields(at: now))
    }

    /// An operator reads the traffic; whoever has the file can, too.
    func keysAreLogged(to path: String, failure: String) {
        guard failure.isEmpty else {
            return operations.error(
                "session keys can't be written", metadata: ["file": "\(path)", "cause": "\(failure)"])
        }
        operations.warning("session keys are written to a file", metadata: ["file": "\(path)"])
    }

    // MARK: Errors

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

    func upgradeFailed(_ upstream: String, backend: String?, _ fault: Fault) {
        failed("upgrade failed", upstream, backend, fault)
    }

    /// The same of a plain request.
    func requestFailed(_ upstream: String, backend: String?, _ fault: Fault) {
        failed("request failed", upstream, backend, fault)
    }

    private func failed(
        _ message: Logger.Message, _ upstream: String, _ backend: String?, _ fault: Fault
    ) {
        events.warning(
            message,
            metadata: [
                "upstream": "\(upstream)", "backend": "\(backend ?? "")", "side": "backend",
                "phase": "\(fault.phase.rawValue)", "cause": "\(fault.logText)",
            ])
    }

    func backendFailed(_ backend: String, _ fault: Fault, restsFor rest: UInt64) {
        metrics.add(.backendTransitions, [backend, "unreachable"])
        events.warning(
            "backend unreachable",
            metadata: [
                "backend": "\(backend)", "side": "backend", "phase": "\(fault.phase.rawValue)",
                "cause": "\(fault.logText)",
                "retry_in_ms": .stringConvertible(rest / 1_000_000),
            ])
    }

    func backendRecovered(_ backend: String) {
        metrics.add(.backendTransitions, [backend, "up"])
        events.notice("backend reachable again", metadata: ["backend": "\(backend)"])
    }

    func acceptFailed(listener: String, _ cause: String) {
        metrics.add(.acceptFailures, [listener])
        events.error(
            "accept failed",
            metadata: ["listener": "\(listener)", "side": "client", "phase": "accept", "cause": "\(cause)"])
    }

    /// The process or the machine lacks what a connection to a backend needs.
    func outOf(_ lacking: SystemError.Shortage, for name: String, _ fault: Fault) {
        outOf(lacking, phase: fault.phase.rawValue, for: name, fault.logText)
    }

    /// The process or the machine lacks something: no peer's doing, and it may pass.
    private func outOf(
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

    // MARK: Feeds

    private func feedFields(_ feed: Feed) -> Logger.Metadata {
        [
            "upstream": "\(feed.key.upstream)", "backend": "\(feed.backendName)",
            "host": "\(feed.key.host)", "path": "\(feed.key.target)",
            "subscribers": .stringConvertible(feed.subscribers.count),
        ]
    }

    func feedOpened(_ feed: Feed) { events.info("feed opened", metadata: feedFields(feed)) }

    func feedLost(_ feed: Feed, cause: String) {
        events.warning("feed lost", metadata: feedFields(feed).merging(["cause": "\(cause)"]) { $1 })
    }

    func feedNotReopened(_ feed: Feed, cause: String) {
        events.warning(
            "feed not reopened", metadata: feedFields(feed).merging(["cause": "\(cause)"]) { $1 })
    }

    /// - Parameter missed: for how long nothing could come, in nanoseconds.
    func feedReopened(_ feed: Feed, missed: UInt64) {
        events.notice(
            "feed reopened",
            metadata: feedFields(feed).merging(
                ["missed_ms": .stringConvertible(missed / 1_000_000)]) { $1 })
    }

    func feedEnded(_ feed: Feed) { events.info("feed ended", metadata: feedFields(feed)) }

    func feedLeftOut(_ feed: Feed, limit: Int) {
        events.warning(
            "feed's message left out",
            metadata: feedFields(feed).merging(["cause": "message too big: over \(limit)"]) { $1 })
    }

    // MARK: Life of the process

    func started(listeners: [String], workers: Int) {
        operations.notice(
            "started",
            metadata: [
                "listeners": "\(listeners.joined(separator: " "))", "workers": .stringConvertible(workers),
            ])
    }

    /// A worker's loop, memory or TLS could not be set up: the process ends.
    func workerFailed(_ worker: Int, _ cause: String) {
        operations.critical(
            "worker cannot start", metadata: ["worker": .stringConvertible(worker), "cause": "\(cause)"])
    }

    func draining(signal: String, limit: UInt64) {
        operations.notice(
            "draining",
            metadata: ["signal": "\(signal)", "limit_ms": .stringConvertible(limit / 1_000_000)])
    }

    func stopped(cause: String) { operations.notice("stopped", metadata: ["cause": "\(cause)"]) }

    func reloaded() {
        metrics.add(.reloads, ["loaded"])
        operations.notice("configuration reloaded")
    }

    func warned(_ text: String) { operations.warning("configuration", metadata: ["cause": "\(text)"]) }

    func certificateExpires(_ listener: String, _ name: String, _ words: String) {
        operations.warning(
            "certificate expires",
            metadata: ["listener": "\(listener)", "name": "\(name)", "cause": "\(words)"])
    }

    func drainOrdered(_ selection: DrainSelection, rate: Int) {
        operations.notice(
            "draining", metadata: ["selection": "\(selection)", "rate": .stringConvertible(rate)])
    }

    func undrained(_ selection: DrainSelection) {
        operations.notice("undrained", metadata: ["selection": "\(selection)"])
    }

    // MARK: Another process takes over

    func handOverBegan(process: Int32) {
        operations.notice("new process started", metadata: ["process": .stringConvertible(process)])
    }

    func handOverDone(process: Int32) {
        operations.notice("new process serves", metadata: ["process": .stringConvertible(process)])
    }

    func handOverFailed(_ cause: String) {
        operations.error("new process failed, the old one goes on", metadata: ["cause": "\(cause)"])
    }

    /// What the process before this one knew goes on.
    func stateTaken(listeners: Int, drained: Int) {
        operations.notice(
            "state taken over",
            metadata: [
                "ticket_keys": .stringConvertible(listeners), "drained": .stringConvertible(drained),
            ])
    }

    /// Ticket keys and drains by order end with the process that had them.
    func stateLost(_ cause: String) {
        operations.warning("state not handed over", metadata: ["cause": "\(cause)"])
    }

    func reloadFailed(_ complaints: [String]) {
        metrics.add(.reloads, ["refused"])
        for complaint in complaints {
            operations.error(
                "configuration not reloaded, the old one stays", metadata: ["cause": "\(complaint)"])
        }
    }
}
