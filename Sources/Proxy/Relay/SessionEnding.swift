internal import WebSocketProtocol

/// Who ended a session.
enum EndedBy: String, Sendable { case client, backend, proxy }

/// Why, where no Close frame of a peer says it.
enum EndingCause: Equatable, CustomStringConvertible {
    /// The peer sent Close.
    case close
    /// The connection ended without one.
    case connectionLost(String)
    case violation(ProtocolViolation)
    case pongTimeout
    case idleTimeout
    case slowConsumer
    /// The process held too much, and most for this peer.
    case memory
    case drain(DrainCause)
    /// Of a feed's client: it fell too far behind, sent what the feed doesn't take, or the feed is lost.
    case lagging
    case unwantedMessage
    case unfinishedMessage
    case feedLost

    var description: String {
        switch self {
        case .close: "close"
        case .connectionLost(let reason): reason.isEmpty ? "connection lost" : "connection lost: \(reason)"
        case .violation(let violation): violation.reason
        case .pongTimeout: "no pong in time"
        case .idleTimeout: "idle for too long"
        case .slowConsumer: "took no bytes for too long"
        case .memory: "cut for memory: the process held most for it"
        case .drain(let cause): cause.description
        case .lagging: "fell too far behind"
        case .unwantedMessage: "sent a message to a feed that takes none"
        case .unfinishedMessage: "left a message unfinished"
        case .feedLost: "feed lost"
        }
    }
}

/// How a session ended, as its log line tells it.
struct SessionEnding: Equatable {
    let by: EndedBy
    /// The code of the Close frame that was received or sent first; nil when there was none.
    let code: CloseCode?
    let cause: EndingCause
}
