internal import Logging

/// What becomes of sessions whose backend goes.
enum ContinuityEvent: Event {
    /// The session that it is told of.
    struct Subject {
        let upstream: String
        let backend: String
        let session: String
        /// Why it needs another backend.
        let reason: String
    }

    /// The backend is gone, and the session is not.
    case backendLeft(_ session: Subject, _ cause: String)
    /// - Parameter missed: for how long it was without a backend, in nanoseconds.
    case moved(_ session: Subject, missed: UInt64, attempts: Int)
    case notMoved(_ session: Subject, _ cause: String)
    /// A backend may not have read so many messages.
    case messagesUncertain(_ session: Subject, _ count: UInt64, areResent: Bool)

    func count(in metrics: WorkerMetrics) {}

    var lines: [EventLine] { [line] }

    private var line: EventLine {
        switch self {
        case .backendLeft(let session, let cause):
            .event(.info, "session's backend gone", Self.fields(session, ["cause": "\(cause)"]))
        case .moved(let session, let missed, let attempts):
            .event(
                .info, "session moved",
                Self.fields(
                    session,
                    [
                        "missed_ms": .milliseconds(missed),
                        "attempts": .stringConvertible(attempts),
                    ]))
        case .notMoved(let session, let cause):
            .event(.info, "session not moved yet", Self.fields(session, ["cause": "\(cause)"]))
        case .messagesUncertain(let session, let count, let areResent):
            .event(
                .warning, areResent ? "messages sent again" : "messages may be lost",
                Self.fields(session, ["messages": .stringConvertible(count)]))
        }
    }

    private static func fields(_ session: Subject, _ more: Logger.Metadata) -> Logger.Metadata {
        let fields: Logger.Metadata = [
            "upstream": "\(session.upstream)", "backend": "\(session.backend)",
            "session": "\(session.session)",
            "reason": "\(session.reason)",
        ]
        return fields.merging(more) { $1 }
    }
}
