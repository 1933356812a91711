internal import WebSocketProtocol

/// Why a session needs another backend.
enum MoveReason: String, Equatable, CaseIterable, Sendable {
    /// The connection broke.
    case loss
    /// An order, a reload or a rebalancing.
    case drain
    /// The backend's own Close.
    case close
    /// It slept.
    case wake
}

/// How a session ends for which there is no other backend.
enum ContinuityEnd: Equatable, Sendable {
    /// As it would without continuity.
    case asEver
    /// The client is told 1011: the last backend was lost, and none came in time.
    case lost
    /// The client is told 1012: none came in time.
    case restarts
    /// The client is told 1012: a backend has said that the session can't be taken up.
    case notResumable
    /// It is still carried, and closed by the order that was to move it.
    case asOrdered

    /// What the client is told, and why; nil where that is not decided here.
    ///
    /// - Parameter hint: when it may come again, in milliseconds.
    func close(hint: UInt64) -> (ClosePayload, EndingCause)? {
        switch self {
        case .asEver, .asOrdered: nil
        case .lost: (ClosePayload(.internalError, "backend connection lost"), .noBackend)
        case .restarts:
            (ClosePayload(.serviceRestart, "no backend in time; retry-after-ms=\(hint)"), .noBackend)
        case .notResumable:
            (
                ClosePayload(.serviceRestart, "session can't be taken up; retry-after-ms=\(hint)"),
                .notResumable
            )
        }
    }
}

/// A new backend's first orders.
struct Takeover: Equatable {
    /// How many of the client's first messages are sent again, before all others.
    private(set) var replays: UInt64 = 0
    /// The first of the messages that follow: all from there on that are kept.
    private(set) var from: UInt64 = 1
    /// How long the client was without a backend, in nanoseconds.
    private(set) var missed: UInt64 = 0
    private(set) var reason = MoveReason.loss
}

/// What is to be done about a session's backends, in the order of the properties.
struct ContinuityOrders: Equatable {
    /// Nobody else is wanted: forget the asking, and what it has brought.
    var forgets = false
    /// Tell the backend that it is left, by a Close; it is heard until its own.
    var parts = false
    /// Answer its Close, and wait for its end.
    var answers = false
    /// The connection that it was on is done with.
    var releases = false
    /// How many messages were sent to it and may not have been read.
    var uncertain: UInt64 = 0
    /// The one that waits takes over.
    var takesOver: Takeover?
    /// Ask for another after so many nanoseconds.
    var asks: UInt64?
    /// The client's Close, which had waited, counts now.
    var passesClose = false
    var ends: ContinuityEnd?

    static let none = ContinuityOrders()
}

/// What becomes of a message of the client.
enum OnClientMessage: Equatable {
    /// It goes to the backend.
    case passes
    /// It is kept for the next one.
    case waits(ContinuityOrders)
}
