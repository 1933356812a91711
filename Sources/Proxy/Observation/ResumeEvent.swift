internal import Logging

/// What becomes of sessions whose client goes and comes back.
enum ResumeEvent: Event {
    /// The session that it is told of.
    struct Subject {
        let route: String
        /// Its address.
        let client: String
        let session: String
    }

    /// The client's connection is gone, and the session is not.
    case away(_ session: Subject, _ cause: String)
    /// It is back, and gets so many messages that it had missed.
    case back(_ session: Subject, missed: UInt64)
    /// It came back, and its session was not there, or not for it.
    case refused(client: String, route: String, _ cause: String)

    func count(in metrics: WorkerMetrics) {
        switch self {
        case .away(let session, _): metrics.add(.resumeLosses, [session.route])
        case .back(let session, _): metrics.add(.resumeReturns, [session.route])
        case .refused: break
        }
    }

    var lines: [EventLine] {
        switch self {
        case .away(let session, let cause):
            [.event(.info, "client away", Self.fields(session, ["cause": "\(cause)"]))]
        case .back(let session, let missed):
            [.event(.info, "client back", Self.fields(session, ["messages": .stringConvertible(missed)]))]
        case .refused(let client, let route, let cause):
            [
                .event(
                    .info, "session not resumed",
                    [
                        "client": "\(client)", "route": "\(route)", "side": "client", "phase": "handshake",
                        "cause": "\(cause)",
                    ])
            ]
        }
    }

    private static func fields(_ session: Subject, _ more: Logger.Metadata) -> Logger.Metadata {
        let fields: Logger.Metadata = [
            "route": "\(session.route)", "client": "\(session.client)", "session": "\(session.session)",
            "side": "client", "phase": "session",
        ]
        return fields.merging(more) { $1 }
    }
}
