internal import EventLoop
internal import HTTP2Protocol
internal import TLS

// What a session ends of when a transport does.
extension TransportError {
    /// What ended a session, where more is known than that a connection is lost.
    func endingCause(of peer: SessionSide) -> EndingCause? {
        switch self {
        case .system(.memoryCut), .connection(.memory): .memory
        case .stream(.cancel) where peer == .client: .cancelled
        case .connection(.unanswered): .pongTimeout
        case .connection(.cut(let reason)): .connectionCut(reason)
        case .system, .tls, .stream, .connection: nil
        }
    }
}
