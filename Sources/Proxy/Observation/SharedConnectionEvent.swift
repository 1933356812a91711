internal import Logging

/// What becomes of connections to backends that many sessions share.
enum SharedConnectionEvent: Event {
    /// - Parameter again: nanoseconds until it is asked again; nil: when it says so.
    case notMultiplexing(_ backend: String, cause: String, again: UInt64?)
    /// A connection ended before the backend had said anything: it may know no HTTP/2, or be about to go.
    case lineNotOpened(_ backend: String, cause: String, again: UInt64)
    case multiplexing(_ backend: String)
    case lineOpened(_ backend: String)
    case lineLeaves(_ backend: String, _ code: String)
    case lineLost(_ backend: String, _ cause: String)
    case lineStalled(_ backend: String, streams: Int)
}

extension SharedConnectionEvent {
    func count(in metrics: WorkerMetrics) {
        switch self {
        case .lineOpened(let backend): metrics.add(.multiplexEvents, [backend, "opened"])
        case .lineLeaves(let backend, _): metrics.add(.multiplexEvents, [backend, "goaway"])
        case .lineLost(let backend, _): metrics.add(.multiplexEvents, [backend, "lost"])
        case .lineStalled(let backend, _): metrics.add(.multiplexEvents, [backend, "stalled"])
        case .notMultiplexing, .lineNotOpened, .multiplexing: break
        }
    }

    var lines: [EventLine] { line.map { [$0] } ?? [] }

    /// nil: it is counted only.
    private var line: EventLine? {
        switch self {
        case .notMultiplexing(let backend, let cause, let again):
            .event(
                .warning, "backend takes no multiplexed sessions, it gets HTTP/1.1",
                Self.fields(backend, cause, again))
        case .lineNotOpened(let backend, let cause, let again):
            .event(
                .warning, "connection ended before HTTP/2 began, the backend gets HTTP/1.1 for a while",
                Self.fields(backend, cause, again).merging(["phase": "http2"]) { $1 })
        case .multiplexing(let backend):
            .event(.notice, "backend takes multiplexed sessions", ["backend": "\(backend)"])
        case .lineOpened: nil
        case .lineLeaves(let backend, let code):
            .event(
                .info, "multiplexed connection takes no new streams",
                Self.fields(backend, "GOAWAY \(code)", nil))
        case .lineLost(let backend, let cause):
            .event(.warning, "multiplexed connection lost", Self.fields(backend, cause, nil))
        case .lineStalled(let backend, let streams):
            .event(
                .warning, "multiplexed connection stalls, it gets no new streams",
                [
                    "backend": "\(backend)", "side": "backend", "streams": .stringConvertible(streams),
                ])
        }
    }

    private static func fields(_ backend: String, _ cause: String, _ again: UInt64?) -> Logger.Metadata {
        var fields: Logger.Metadata = ["backend": "\(backend)", "side": "backend", "cause": "\(cause)"]
        if let again { fields["retry_in_ms"] = .milliseconds(again) }
        return fields
    }
}
