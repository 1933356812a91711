internal import HTTPProtocol

/// How long a connection is waited for; 0 = for ever.
struct HTTP1Times {
    /// For a request's head.
    let head: Duration
    /// For the next request.
    let keepAlive: Duration
    /// While nothing of an answer is taken.
    let slowConsumer: Duration
    /// While nothing moves at the end.
    let close: Duration
}

/// What is served on an HTTP/1.1 connection, and how: for those who inherit from `HTTP1Connection`.
class HTTP1Service {
    var times: HTTP1Times { HTTP1Times(head: .zero, keepAlive: .zero, slowConsumer: .zero, close: .zero) }
    /// No further request is read.
    var isLeaving: Bool { false }
    /// Whether a first request may be read at all.
    func takesFirst() -> Bool { true }
    /// The next request is awaited.
    func willRead() {}
    func serve(_ head: RequestHead) {}
    func refuse(_ error: HeadError) {}
    /// A head has begun and not come in time.
    func refuseSlowHead() {}
    /// The request under way has a body, of which more is wanted.
    var takesBody: Bool { false }
    func bodyReceived(_ bytes: Span<UInt8>) {}
    func bodyEnded(trailers: HeaderFields) {}
    func bodyMalformed(_ error: BodyError) {}
    /// All that has come of it was given.
    func bodyPaused() {}
    /// The request under way is answered though the client has ended its side.
    var answersAfterEnd: Bool { false }
    func flushed() {}
    func opened() {}
    func failed(_ error: TransportError) { end("client left: \(error)") }
    func handshakeTimedOut() { end("client left") }
    func servingTimedOut() {}
    /// Whether a first request that has not come is dealt with otherwise than by closing.
    func turnsAway() -> Bool { false }
    /// - Parameter cause: why, where a request is under way.
    func end(_ cause: String) {}
    /// How long a deadline may be now.
    func bounded(_ delay: UInt64) -> UInt64 { delay }
}
