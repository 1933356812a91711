/// What to do about a Close of ours.
package enum OnSendClose: Equatable, Sendable {
    /// It is the first of ours, and the peer's answer is awaited.
    case send
    /// It answers the peer's, and completes the handshake.
    case sendAndFinish
    /// One has gone before: no other may follow.
    case drop
}

/// What to do about a Close that was received.
package enum OnReceiveClose: Equatable, Sendable {
    /// We have sent none: the peer waits for ours.
    case reply
    /// It answers ours.
    case finished
    /// It is not the first.
    case ignore
}

/// What it means that the peer's bytes have ended.
package enum OnPeerEnd: Equatable, Sendable {
    /// The handshake was complete.
    case clean
    /// The peer sent Close and left without our answer: it is closed with the code it gave.
    case withoutAnswer
    /// No Close came from it: 1006 in an application's terms, never on the wire (RFC 6455, 7.1.5).
    case abnormal
}

/// The closing handshake of one leg (RFC 6455, 7.1): who has sent Close, and what may still be sent.
package struct CloseHandshake: Equatable, Sendable {
    private enum State { case open, closeSent, closeReceived, finished }

    private var state = State.open

    /// Nothing sent or received.
    package init() {}

    /// Nothing may follow our Close (5.5.1).
    package var maySendData: Bool { state == .open || state == .closeReceived }

    /// Nothing that follows the peer's Close counts (5.5.1).
    package var mayReceiveData: Bool { state == .open || state == .closeSent }

    /// Both have sent one.
    package var isFinished: Bool { state == .finished }

    /// Ours is about to go out.
    package mutating func sendClose() -> OnSendClose {
        switch state {
        case .open:
            state = .closeSent
            return .send
        case .closeReceived:
            state = .finished
            return .sendAndFinish
        case .closeSent, .finished:
            return .drop
        }
    }

    /// The peer's came.
    package mutating func receiveClose() -> OnReceiveClose {
        switch state {
        case .open:
            state = .closeReceived
            return .reply
        case .closeSent:
            state = .finished
            return .finished
        case .closeReceived, .finished:
            return .ignore
        }
    }

    /// No more bytes will come from the peer.
    package func peerEnded() -> OnPeerEnd {
        switch state {
        case .finished: .clean
        case .closeReceived: .withoutAnswer
        case .open, .closeSent: .abnormal
        }
    }
}
