internal import EventLoop
internal import HTTPProtocol
internal import TLS
internal import Telemetry
internal import WebSocketProtocol

// What becomes of events when they are counted: labels whose values are a closed set, whatever a peer sends.
extension WorkerMetrics {
    func count(_ session: LiveSession, at now: UInt64) {
        let ending = session.ending
        add(
            .sessionsEnded,
            [
                session.route.name, (ending?.by ?? .proxy).rawValue, ending.codeLabel,
                ending?.cause.label ?? "unknown",
            ])
        observe(.sessionDuration, now - min(session.began, now))
        if let limit = ending?.limit { add(.limitsHit, [limit]) }
    }

    /// A client was refused.
    func count(_ fault: Fault) {
        add(.refusals, ["\(fault.status)", fault.label])
        if let limit = fault.limit { add(.limitsHit, [limit]) }
    }

    /// - Parameter status: what the client got; 0 = nothing.
    func countRequest(route: String, status: Int) { add(.requests, [route, "\(status)"]) }

    func count(_ outcome: UpgradeOutcome, route: String, after duration: UInt64) {
        switch outcome {
        case .accepted:
            add(.handshakes, [route, "accepted"])
            observe(.handshakeDuration, duration)
        case .joined:
            add(.handshakes, [route, "joined"])
            observe(.handshakeDuration, duration)
        case .refused: add(.handshakes, [route, "backend_refused"])
        case .failed(let fault, _): add(.handshakes, [route, fault.upgradeOutcome])
        }
    }

    func count(_ result: Result<StreamConnection, Fault>, backend: String, after duration: UInt64) {
        switch result {
        case .success:
            add(.dials, [backend, "connected"])
            observe(.dialDuration, duration)
        case .failure(let fault): add(.dials, [backend, fault.dialOutcome])
        }
    }

    func countTLS(_ transport: StreamConnection) {
        guard let facts = transport.tlsSummary else { return }
        add(.tlsHandshakes, [facts.version, facts.isResumed ? "true" : "false"])
    }
}

extension SessionEnding? {
    /// As the log has it; codes of applications are kept together, or peers could make labels at will.
    fileprivate var codeLabel: String {
        guard let code = self?.code?.rawValue else { return self?.cause == .close ? "1005" : "1006" }
        switch code {
        case ..<3000: return "\(code)"
        case ..<4000: return "3xxx"
        default: return "4xxx"
        }
    }
}

extension EndingCause {
    /// One word.
    var label: String {
        switch self {
        case .close: "close"
        case .connectionLost: "connection_lost"
        case .violation(let violation): violation.limit == nil ? "protocol" : "limit"
        case .cancelled: "stream_cancelled"
        case .connectionCut: "connection_cut"
        case .pongTimeout: "pong_timeout"
        case .idleTimeout: "idle_timeout"
        case .slowConsumer: "slow_consumer"
        case .memory: "memory"
        case .drain(let cause): "drain_\(cause.label)"
        case .lagging: "lagging"
        case .unwantedMessage: "unwanted_message"
        case .unfinishedMessage: "unfinished_message"
        case .feedLost: "feed_lost"
        case .noBackend: "no_backend"
        case .notResumable: "not_resumable"
        }
    }
}

extension DrainCause {
    /// One word.
    fileprivate var label: String {
        switch self {
        case .process: "process"
        case .successor: "successor"
        case .routeGone: "route_gone"
        case .backendGone: "backend_gone"
        case .ordered, .backendOrdered: "ordered"
        case .rebalancing: "rebalancing"
        case .access(let end): end.label
        }
    }
}
