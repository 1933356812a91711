/// What to do about a Close that was received.
package enum OnReceiveClose: Equatable, Sendable {
    /// We have sent none: the peer waits for ours.
    case reply
    /// It answers ours.
    case finished
    /// It is not the first.
    case ignore
}

/// The closing handshake of one connection (RFC 6455, 7.1): who has sent Close, and what may still be sent.
package struct CloseHandshake: Sendable {
    private var isSent = false
    private var isReceived = false

    /// Nothing sent or received.
    package init() {}

    /// Nothing may follow our Close (5.5.1).
    package var maySendData: Bool { !isSent }

    /// Both have sent one.
    package var isFinished: Bool { isSent && isReceived }

    /// Ours goes out; false when it is not the first and must not be sent.
    package mutating func sendClose() -> Bool {
        defer { isSent = true }
        return !isSent
    }

    /// The peer's came.
    package mutating func receiveClose() -> OnReceiveClose {
        guard !isReceived else { return .ignore }
        isReceived = true
        return isSent ? .finished : .reply
    }
}
