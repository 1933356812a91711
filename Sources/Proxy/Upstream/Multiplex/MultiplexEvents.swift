internal import Logging

// What the log says of multiplexed connections.
extension EventLog {
    /// - Parameter again: nanoseconds until it is asked again; nil: when it says so.
    func notMultiplexing(_ backend: String, cause: String, again: UInt64?) {
        var fields: Logger.Metadata = ["backend": "\(backend)", "side": "backend", "cause": "\(cause)"]
        if let again { fields["retry_in_ms"] = .stringConvertible(again / 1_000_000) }
        events.warning("backend takes no multiplexed sessions, it gets HTTP/1.1", metadata: fields)
    }

    /// A connection ended before the backend had said anything: it may know no HTTP/2, or be about to go.
    func lineNotOpened(_ backend: String, cause: String, again: UInt64) {
        events.warning(
            "connection ended before HTTP/2 began, the backend gets HTTP/1.1 for a while",
            metadata: [
                "backend": "\(backend)", "side": "backend", "phase": "http2", "cause": "\(cause)",
                "retry_in_ms": .stringConvertible(again / 1_000_000),
            ])
    }

    func multiplexing(_ backend: String) {
        events.notice("backend takes multiplexed sessions", metadata: ["backend": "\(backend)"])
    }

    func lineOpened(_ backend: String) { metrics.add(.multiplexEvents, [backend, "opened"]) }

    func lineLeaves(_ backend: String, _ code: String) {
        metrics.add(.multiplexEvents, [backend, "goaway"])
        events.info(
            "multiplexed connection takes no new streams",
            metadata: ["backend": "\(backend)", "side": "backend", "cause": "GOAWAY \(code)"])
    }

    func lineLost(_ backend: String, _ cause: String) {
        metrics.add(.multiplexEvents, [backend, "lost"])
        events.warning(
            "multiplexed connection lost",
            metadata: ["backend": "\(backend)", "side": "backend", "cause": "\(cause)"])
    }

    func lineStalled(_ backend: String, streams: Int) {
        metrics.add(.multiplexEvents, [backend, "stalled"])
        events.warning(
            "multiplexed connection stalls, it gets no new streams",
            metadata: ["backend": "\(backend)", "side": "backend", "streams": .stringConvertible(streams)])
    }
}
