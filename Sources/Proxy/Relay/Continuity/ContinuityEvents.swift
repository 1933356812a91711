internal import Logging

// What the log says of sessions that go from backend to backend.
extension EventLog {
    private func fields(_ continuity: Continuity) -> Logger.Metadata {
        [
            "upstream": "\(continuity.plan.upstream)", "backend": "\(continuity.backend.name)",
            "session": "\(continuity.terms.id)", "reason": "\(continuity.machine.moveReason.rawValue)",
        ]
    }

    /// The backend is gone, and the session is not.
    func backendLeft(_ continuity: Continuity, _ cause: String) {
        events.info(
            "session's backend gone", metadata: fields(continuity).merging(["cause": "\(cause)"]) { $1 })
    }

    func moved(_ continuity: Continuity, _ takeover: Takeover) {
        events.info(
            "session moved",
            metadata: fields(continuity).merging([
                "missed_ms": .stringConvertible(takeover.missed / 1_000_000),
                "attempts": .stringConvertible(continuity.machine.attempts),
            ]) { $1 })
    }

    func notMoved(_ continuity: Continuity, _ cause: String) {
        events.info(
            "session not moved yet", metadata: fields(continuity).merging(["cause": "\(cause)"]) { $1 })
    }

    /// A backend may not have read so many messages.
    func messagesUncertain(_ continuity: Continuity, _ count: UInt64, areResent: Bool) {
        events.warning(
            areResent ? "messages sent again" : "messages may be lost",
            metadata: fields(continuity).merging(["messages": .stringConvertible(count)]) { $1 })
    }
}
