internal import EventLoop
internal import HTTPProtocol
internal import Logging
internal import Telemetry
internal import WebSocketProtocol

// What the log says of feeds.
extension EventLog {
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
}

extension WorkerMetrics {
    /// A client has joined a feed.
    func countJoined(route: String, after duration: UInt64) {
        add(.handshakes, [route, "joined"])
        observe(.handshakeDuration, duration)
    }
}
