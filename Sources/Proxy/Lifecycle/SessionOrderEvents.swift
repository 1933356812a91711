internal import Access
internal import Logging
internal import WebSocketProtocol

// What operators have ordered of sessions, and what became of it.
extension EventLog {
    func sessionsClosed(_ selection: String, _ words: CloseWords, count: Int) {
        metrics.add(.sessionOrders, ["close"])
        operations.notice(
            "sessions closed by order",
            metadata: [
                "selection": "\(selection)", "sessions": .stringConvertible(count),
                "close_code": .stringConvertible(words.code.rawValue), "close_reason": "\(words.reason)",
            ])
    }

    /// What it says is the operator's and the clients' business.
    func messageOrdered(_ selection: SessionFilter, _ message: SessionMessage, sessions: Int) {
        metrics.add(.sessionOrders, ["send"])
        operations.notice(
            "message sent by order",
            metadata: [
                "selection": "\(selection)", "sessions": .stringConvertible(sessions),
                "bytes": .stringConvertible(message.payload.count),
                "type": message.isText ? "text" : "binary",
            ])
    }

    func revoked(_ revocation: Revocation, until: Double, closed: Int) {
        metrics.add(.sessionOrders, ["revoke"])
        operations.notice(
            "revoked",
            metadata: [
                "selection": "\(revocation)", "sessions": .stringConvertible(closed),
                "until": .stringConvertible(until),
            ])
    }

    func revocationTakenBack(_ revocation: Revocation) {
        metrics.add(.sessionOrders, ["unrevoke"])
        operations.notice("revocation taken back", metadata: ["selection": "\(revocation)"])
    }
}
