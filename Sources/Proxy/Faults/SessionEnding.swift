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
    /// More came with one of its keys than `limits.per` lets through, by the limit's key.
    case overKeyedLimit(String)
    /// The client reset its HTTP/2 stream with CANCEL: what browsers do when the page goes.
    case cancelled
    /// We ended the HTTP/2 connection that it was on.
    case connectionCut(String)
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
    /// No other backend was there in time, or the one that was could not take the session up.
    case noBackend
    case notResumable
    /// The client lost its connection and did not come back in time, or wanted a session that there is not.
    case clientNotBack
    case nothingToResume

    /// Whose doing it was, when a transport of a peer ended.
    func by(_ peer: EndedBy) -> EndedBy {
        switch self {
        case .close, .connectionLost, .cancelled, .clientNotBack: peer
        default: .proxy
        }
    }

    var description: String {
        switch self {
        case .close: "close"
        case .connectionLost(let reason): reason.isEmpty ? "connection lost" : "connection lost: \(reason)"
        case .violation(let violation): violation.reason
        case .overKeyedLimit(let limit): "over the limit '\(limit)' of its key"
        case .cancelled: "client cancelled the stream, as browsers do when a page is closed"
        case .connectionCut(let reason): "http/2 connection cut: \(reason)"
        case .pongTimeout: "no pong in time"
        case .idleTimeout: "idle for too long"
        case .slowConsumer: "took no bytes for too long"
        case .memory: "cut for memory: the process held most for it"
        case .drain(let cause): cause.description
        case .lagging: "fell too far behind"
        case .unwantedMessage: "sent a message to a feed that takes none"
        case .unfinishedMessage: "left a message unfinished"
        case .feedLost: "feed lost"
        case .noBackend: "no other backend in time"
        case .notResumable: "no backend could take it up"
        case .clientNotBack: "client did not come back"
        case .nothingToResume: "no session to come back to"
        }
    }
}

/// How a session ended, as its log line tells it.
struct SessionEnding: Equatable {
    let by: EndedBy
    /// The code of the Close frame that was received or sent first; nil when there was none.
    let code: CloseCode?
    /// What that frame said, up to 123 bytes.
    private(set) var reason = ""
    let cause: EndingCause
}

extension SessionEnding {
    /// The limit of the configuration that was hit, by its key, if one was: those of backends have keys of their own.
    var limit: String? {
        if case .overKeyedLimit(let limit) = cause { return limit }
        guard case .violation(let violation) = cause, let limit = violation.limit else { return nil }
        return by == .backend && (limit == "frame" || limit == "message") ? "backend_\(limit)" : limit
    }
}

extension EndingCause {
    /// One word.
    var label: String {
        switch self {
        case .close: "close"
        case .connectionLost: "connection_lost"
        case .violation(let violation): violation.limit == nil ? "protocol" : "limit"
        case .overKeyedLimit: "limit"
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
        case .clientNotBack: "client_not_back"
        case .nothingToResume: "nothing_to_resume"
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
        case .aged: "max_age"
        case .closed: "order_close"
        case .access(let end): end.label
        }
    }
}

extension EndedBy {
    init(_ side: SessionSide) { self = side == .client ? .client : .backend }
}
