internal import WebSocketProtocol

/// Why sessions are closed before their time, with what their peers are told.
///
/// 1012 says that the service goes on and can be had again at once (IANA's registry of RFC 6455, 11.7); after 1001, which
/// says that the server goes away, some clients never come back. Of a drain of the process operators choose. Behind the text stands a hint in milliseconds, different for each session: a client that waits so
/// long before it comes back does not come back together with all others.
enum DrainCause: Equatable, Sendable {
    case process
    case successor
    case routeGone
    case backendGone
    case ordered
    /// Of the backend, where others can take over.
    case backendOrdered
    case rebalancing
    /// It has reached its route's `max_age`: others may take over where there are any.
    case aged
    /// What let the client in no longer holds.
    case access(AccessEnd)
    /// An operator closes it, with words of his own.
    indirect case closed(CloseWords)

    /// The hints are spread over so many milliseconds.
    static let hintSpread: UInt64 = 2_000

    /// Its backend is to be left, and nothing else is in the way of another.
    var isOfBackend: Bool {
        switch self {
        case .backendGone, .backendOrdered, .rebalancing, .aged: true
        case .process, .successor, .routeGone, .ordered, .access, .closed: false
        }
    }

    /// A session that is not to be here any more doesn't stay because something else was taken back.
    var isFirm: Bool {
        switch self {
        case .access, .closed: true
        case .process, .successor, .routeGone, .backendGone, .ordered, .backendOrdered, .rebalancing, .aged:
            false
        }
    }

    var isOfProcess: Bool { self == .process || self == .successor }

    /// - Parameter chosen: `drain.close_code`.
    func code(_ chosen: CloseCode) -> CloseCode {
        switch self {
        case .process, .successor: chosen
        case .routeGone, .backendGone, .ordered, .backendOrdered, .rebalancing, .aged: .serviceRestart
        case .access(let end): CloseCode(rawValue: end.code)
        case .closed(let words): words.code
        }
    }

    /// For the close frame; `hint` in milliseconds.
    func reason(hint: UInt64) -> String {
        switch self {
        case .process, .successor: "service restarts; retry-after-ms=\(hint)"
        case .routeGone, .backendGone: "no longer served here; retry-after-ms=\(hint)"
        case .ordered, .backendOrdered, .rebalancing, .aged: "please reconnect; retry-after-ms=\(hint)"
        case .access(let end): end.reason
        case .closed(let words): words.reason
        }
    }

    /// For the log.
    var description: String {
        switch self {
        case .process: "drained"
        case .successor: "drained for a new process"
        case .routeGone: "drained, its route is gone"
        case .backendGone: "drained, its backend is gone"
        case .ordered, .backendOrdered: "drained by order"
        case .rebalancing: "drained for balance"
        case .aged: "reached its max_age"
        case .access(let end): end.reason
        case .closed: "closed by order"
        }
    }
}
