internal import Access
internal import BasicContainers
internal import WebSocketProtocol

/// What becomes of a piece of a message that may bring a new token.
enum OnWatchedPiece {
    case passes
    /// With what was kept of it before.
    case passesAll([UInt8])
    /// It is not passed on, or not yet.
    case stays
}

// How a session finds the messages that bring a new token: text of the client's that begins with the route's prefix, however
// it is cut into frames and whether it is compressed or not.
extension Session {
    /// A message begins. Whether it is looked at: it is then framed anew.
    ///
    /// - Parameter isReadable: it is not compressed, or is inflated here.
    func watchBegins(_ header: FrameHeader, isReadable: Bool, from peer: WebSocketPeer) -> Bool {
        guard peer === client, isReadable, header.opcode == .text, let lease, lease.watch != nil else {
            return false
        }
        lease.watch?.begin()
        return true
    }

    func watched(_ piece: Span<UInt8>, isLast: Bool, opcode: Opcode) -> OnWatchedPiece {
        guard opcode == .text, let lease, lease.watch != nil else { return .passes }
        switch lease.watch?.take(piece, isLast: isLast) {
        case nil: return .passes
        case .undecided: return .stays
        case .other(let kept):
            guard !kept.isEmpty else { return .passes }
            return .passesAll(kept + piece.indices.map { piece[$0] })
        case .taken(let text):
            lease.renew(with: text)
            return .stays
        case .tooLong:
            if isLast { lease.renewalTooLong() }
            return .stays
        }
    }
}
