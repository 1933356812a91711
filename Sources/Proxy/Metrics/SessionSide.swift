/// A side of a session, by who is at its other end. We are the opposite: towards a client we are the server.
enum SessionSide: String, CaseIterable, Sendable {
    case client, backend

    var other: SessionSide { self == .client ? .backend : .client }
}
