internal import Telemetry

extension WorkerMetrics {
    /// A client has joined a feed.
    func countJoined(route: String, after duration: UInt64) {
        add(.handshakes, [route, "joined"])
        observe(.handshakeDuration, duration)
    }
}
