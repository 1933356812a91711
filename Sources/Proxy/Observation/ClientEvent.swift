internal import EventLoop
internal import Logging
internal import TLS

/// What becomes of clients' connections, and of what they ask to be let in with.
enum ClientEvent: Event {
    case handshakeFailed(client: String, listener: String, _ error: TLSError)
    /// An accepted connection for which we lack what it needs: no fault of its client.
    case setUpFailed(client: String, listener: String, phase: String, _ cause: String)
    case connectionRefused(client: String, listener: String, _ reason: String)
    /// A connection could not be accepted, for a reason of the kernel's.
    case acceptFailed(listener: String, _ error: SystemError)
    case http2Cut(client: String, listener: String, _ cut: HTTP2Cut)
    /// A peer was given up because the process held too much, and most for it.
    case cutForMemory(_ cut: MemoryCut)
    case keysNotFetched(upstream: String, path: String, cause: String)
    case renewalRefused(route: String, cause: String)
}

extension ClientEvent {
    func count(in metrics: WorkerMetrics) {
        switch self {
        case .handshakeFailed(_, let listener, _): metrics.add(.tlsFailures, [listener])
        case .setUpFailed(_, let listener, _, _): metrics.add(.acceptFailures, [listener])
        case .acceptFailed(let listener, let error):
            metrics.add(.acceptFailures, [listener])
            if let lacking = error.shortage { metrics.add(.shortages, [lacking.rawValue, "accept"]) }
        case .http2Cut(_, _, let cut): metrics.add(.http2Cuts, [cut.label])
        case .cutForMemory(let cut): metrics.add(.memoryCuts, [Self.side(cut)])
        case .keysNotFetched: metrics.add(.accessKeyFetches, ["failed"])
        case .connectionRefused, .renewalRefused: break
        }
    }

    var lines: [EventLine] { [line] }

    private var line: EventLine {
        switch self {
        case .handshakeFailed(let client, let listener, let error):
            .event(.info, "tls handshake failed", Self.fields(client, listener, "tls", error.description))
        case .setUpFailed(let client, let listener, let phase, let cause):
            .event(
                .error, "connection could not be set up",
                Self.fields(client, listener, phase, cause).merging(["side": "proxy"]) { $1 })
        case .connectionRefused(let client, let listener, let reason):
            .event(.info, "connection refused", Self.fields(client, listener, "accept", reason))
        case .acceptFailed(let listener, let error): Self.acceptFailed(listener, error)
        case .http2Cut(let client, let listener, let cut):
            .event(.info, "http2 ended", Self.fields(client, listener, cut))
        case .cutForMemory(let cut):
            .event(
                .warning, "connection cut for memory",
                [
                    "peer": "\(cut.peer)", "side": "\(Self.side(cut))",
                    "held_bytes": .stringConvertible(cut.bytes), "cause": "over limits.memory",
                ])
        case .keysNotFetched(let upstream, let path, let cause):
            .event(
                .warning, "keys could not be fetched",
                [
                    "upstream": "\(upstream)", "path": "\(path)", "side": "backend",
                    "phase": "access", "cause": "\(cause)",
                ])
        case .renewalRefused(let route, let cause):
            .event(
                .info, "token of a session not renewed",
                [
                    "route": "\(route)", "side": "client", "phase": "access",
                    "cause": "\(cause)",
                ])
        }
    }

    private static func acceptFailed(_ listener: String, _ error: SystemError) -> EventLine {
        if let lacking = error.shortage {
            return .out(of: lacking, for: listener, phase: "accept", error.description)
        }
        return .event(
            .error, "accept failed",
            [
                "listener": "\(listener)", "side": "client", "phase": "accept",
                "cause": "\(error.description)",
            ])
    }

    private static func side(_ cut: MemoryCut) -> String { cut.isClient ? "client" : "backend" }

    private static func fields(
        _ client: String, _ listener: String, _ phase: String, _ cause: String
    ) -> Logger.Metadata {
        [
            "client": "\(client)", "listener": "\(listener)", "side": "client", "phase": "\(phase)",
            "cause": "\(cause)",
        ]
    }

    private static func fields(_ client: String, _ listener: String, _ cut: HTTP2Cut) -> Logger.Metadata {
        var fields = fields(client, listener, "http2", cut.cause)
        if case .stall(let stream) = cut { fields["stream"] = .stringConvertible(stream) }
        return fields
    }
}
