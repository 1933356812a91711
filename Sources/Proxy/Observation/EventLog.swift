internal import Logging

/// What the proxy tells its operator. An event is a value; its text and fields are made in this folder and nowhere else.
///
/// Handlers write to a queue that another thread empties: logging never blocks a loop. What is told is also counted here,
/// so that log and metrics can't disagree; the counts are those of the thread that the log belongs to.
struct EventLog {
    /// One line a session or refused request; nil when `log.access` is off.
    private let access: Logger?
    private let events: Logger
    private let operations: Logger
    let metrics: WorkerMetrics
    /// What of queries no line shows.
    let masks = QueryMasks()

    init(_ sinks: LogSinks, metrics: WorkerMetrics) {
        access = sinks.access
        events = sinks.events
        operations = sinks.operations
        self.metrics = metrics
    }

    func tell(_ event: BackendEvent) { write(event) }
    func tell(_ event: SharedConnectionEvent) { write(event) }
    func tell(_ event: ClientEvent) { write(event) }
    func tell(_ event: FeedEvent) { write(event) }
    func tell(_ event: ContinuityEvent) { write(event) }
    func tell(_ event: ResumeEvent) { write(event) }
    func tell(_ event: SessionOrderEvent) { write(event) }
    func tell(_ event: ProcessEvent) { write(event) }
    func tell(_ event: CertificateEvent) { write(event) }

    private func write(_ event: some Event) {
        event.count(in: metrics)
        for line in event.lines {
            switch line.kind {
            case .event(let level): events.log(level: level, line.message, metadata: line.fields)
            case .operation(let level): operations.log(level: level, line.message, metadata: line.fields)
            }
        }
    }

    /// The line that a request leaves in the access log.
    func tell(_ event: RequestEvent) {
        event.count(in: metrics)
        if let warning = event.warning {
            events.warning(warning.message, metadata: warning.fields)
        }
        guard let access, let fields = event.fields(masks) else { return }
        access.info(event.message, metadata: fields)
    }

    /// The line that a session leaves there.
    func tell(_ ended: SessionRecord) {
        ended.count(in: metrics)
        access?.info("session ended", metadata: ended.fields)
    }
}

/// The log of a thread that has no metrics of a worker's.
struct OperationLog: Sendable {
    private let operations: Logger

    init(_ sinks: LogSinks) { operations = sinks.operations }

    func tell(_ event: CertificateEvent) {
        for line in event.lines { operations.log(level: line.level, line.message, metadata: line.fields) }
    }
}
