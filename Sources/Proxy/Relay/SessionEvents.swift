internal import EventLoop
internal import HTTPProtocol
internal import Logging
internal import Telemetry
internal import WebSocketProtocol

// What becomes of sessions in log and metrics.
extension EventLog {
    func sessionEnded(_ session: LiveSession, at now: UInt64) {
        metrics.count(session, at: now)
        guard let access else { return }
        access.info("session ended", metadata: session.logFields(at: now))
    }

    func renewalRefused(_ session: LiveSession, cause: String) {
        events.info(
            "token of a session not renewed",
            metadata: [
                "route": "\(session.route.name)", "side": "client", "phase": "access", "cause": "\(cause)",
            ])
    }
}

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

extension SessionMeter {
    /// Takes over what the side has counted since the last time.
    func take(from peer: WebSocketPeer, feeds: Bool = false) {
        peer.takeNew { now, then in add(peer.side, now, since: then, feeds: feeds) }
    }
}
