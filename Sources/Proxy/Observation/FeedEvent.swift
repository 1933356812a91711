internal import Logging

/// What becomes of feeds.
enum FeedEvent: Event {
    /// The feed that it is told of.
    struct Subject {
        let upstream: String
        let backend: String
        let host: String
        let path: String
        let subscribers: Int
    }

    case feedOpened(_ feed: Subject)
    case feedLost(_ feed: Subject, cause: String)
    case feedNotReopened(_ feed: Subject, cause: String)
    /// - Parameter missed: for how long nothing could come, in nanoseconds.
    case feedReopened(_ feed: Subject, missed: UInt64)
    case feedEnded(_ feed: Subject)
    case feedLeftOut(_ feed: Subject, limit: Int)

    func count(in metrics: WorkerMetrics) {}

    var lines: [EventLine] { [line] }

    private var line: EventLine {
        switch self {
        case .feedOpened(let feed): .event(.info, "feed opened", Self.fields(feed))
        case .feedLost(let feed, let cause):
            .event(.warning, "feed lost", Self.fields(feed, ["cause": "\(cause)"]))
        case .feedNotReopened(let feed, let cause):
            .event(.warning, "feed not reopened", Self.fields(feed, ["cause": "\(cause)"]))
        case .feedReopened(let feed, let missed):
            .event(.notice, "feed reopened", Self.fields(feed, ["missed_ms": .milliseconds(missed)]))
        case .feedEnded(let feed): .event(.info, "feed ended", Self.fields(feed))
        case .feedLeftOut(let feed, let limit):
            .event(
                .warning, "feed's message left out",
                Self.fields(feed, ["cause": "message too big: over \(limit)"]))
        }
    }

    private static func fields(_ feed: Subject, _ more: Logger.Metadata = [:]) -> Logger.Metadata {
        let fields: Logger.Metadata = [
            "upstream": "\(feed.upstream)", "backend": "\(feed.backend)",
            "host": "\(feed.host)", "path": "\(feed.path)",
            "subscribers": .stringConvertible(feed.subscribers),
        ]
        return fields.merging(more) { $1 }
    }
}
