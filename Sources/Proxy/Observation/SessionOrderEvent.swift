internal import Logging
internal import WebSocketProtocol

/// What operators have ordered of sessions, and what became of it.
enum SessionOrderEvent: Event {
    case sessionsClosed(_ selection: String, _ words: CloseWords, count: Int)
    /// What it says is the operator's and the clients' business.
    case messageOrdered(_ selection: String, _ message: SessionMessage, sessions: Int)
    /// - Parameter until: seconds of the wall clock.
    case revoked(_ selection: String, until: Double, closed: Int)
    case revocationTakenBack(_ selection: String)
}

extension SessionOrderEvent {
    func count(in metrics: WorkerMetrics) {
        switch self {
        case .sessionsClosed: metrics.add(.sessionOrders, ["close"])
        case .messageOrdered: metrics.add(.sessionOrders, ["send"])
        case .revoked: metrics.add(.sessionOrders, ["revoke"])
        case .revocationTakenBack: metrics.add(.sessionOrders, ["unrevoke"])
        }
    }

    var lines: [EventLine] { [line] }

    private var line: EventLine {
        switch self {
        case .sessionsClosed(let selection, let words, let count):
            .operation(
                .notice, "sessions closed by order",
                [
                    "selection": "\(selection)", "sessions": .stringConvertible(count),
                    "close_code": .stringConvertible(words.code.rawValue), "close_reason": "\(words.reason)",
                ])
        case .messageOrdered(let selection, let message, let sessions):
            .operation(
                .notice, "message sent by order",
                [
                    "selection": "\(selection)", "sessions": .stringConvertible(sessions),
                    "bytes": .stringConvertible(message.payload.count),
                    "type": message.isText ? "text" : "binary",
                ])
        case .revoked(let selection, let until, let closed):
            .operation(
                .notice, "revoked",
                [
                    "selection": "\(selection)", "sessions": .stringConvertible(closed),
                    "until": .stringConvertible(until),
                ])
        case .revocationTakenBack(let selection):
            .operation(.notice, "revocation taken back", ["selection": "\(selection)"])
        }
    }
}
