internal import WebSocketProtocol

/// What becomes of a session whose client has lost its connection.
enum OnClientLost: Equatable {
    /// It waits for the client.
    case waits
    /// It ends with the connection, as ever.
    case ends
}

/// What becomes of a session whose backend has ended it.
enum OnBackendOver: Equatable {
    /// The client is away, and is told when it is back, behind what it has missed.
    case waits
    case ends
}

/// Whether more is to be read of the backend.
enum OnKept: Equatable {
    case goesOn
    /// As much is kept as may be.
    case stops
    /// More than that, and nobody to take it: the session is given up.
    case givesUp
}

/// What a client finds that comes back.
enum OnReturn: Equatable {
    /// Its session, with all messages from this one on, and the Close that followed them.
    case resumes(from: UInt64, then: ClosePayload?)
    /// Some of what it has missed is not kept any more.
    case missedTooMuch
    /// It claims to have had what was never sent. Nothing changes.
    case neverSent
    /// The session was given up.
    case gaveUp(ClosePayload)
    /// There is no session any more.
    case gone
}

extension EndingCause {
    /// Whether a client of which this is told may be there yet, and come again. A page that is left cancels its stream.
    var isLossOfClient: Bool {
        switch self {
        case .connectionLost, .pongTimeout, .slowConsumer: true
        default: false
        }
    }
}
