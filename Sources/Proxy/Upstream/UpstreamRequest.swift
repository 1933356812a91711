internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// One plain request on its way to a backend, by the version of HTTP that the backend speaks.
///
/// What is composed in one turn leaves in one write: `flush` sends it.
protocol UpstreamRequest: AnyObject {
    /// Who is told of the answer; let go of by `finish` and `cancel`.
    var receiver: (any UpstreamRequestReceiver)? { get set }
    /// Whether more waits to be sent than may.
    func isFull(beyond limit: Int) -> Bool
    /// How far what was sent has got.
    var outflow: Outflow { get }
    /// Composes the head; a request without a body ends with it. For a refused upgrade: tells what has come already.
    func start()
    func body(_ bytes: Span<UInt8>)
    func end(trailers: HeaderFields)
    func flush()
    /// Reads no more of the answer at once than its taker wants.
    func read(for bound: (any ReadBound)?)
    func pauseReading()
    func resumeReading()
    /// The response has been taken in full: the connection is kept where it can be.
    func finish()
    /// Nobody waits for the answer any longer.
    func cancel()
}

/// Is told what becomes of a request, in a room above this one; but for `start`, never from inside a call to it.
protocol UpstreamRequestReceiver: AnyObject {
    /// 1xx.
    func upstreamInterim(_ head: ResponseHead)
    func upstreamBegan(_ head: ResponseHead, framing: BodyFraming)
    func upstreamBody(_ bytes: Span<UInt8>)
    func upstreamEnded(trailers: HeaderFields)
    /// All that came in this turn has been told.
    func upstreamPaused()
    /// All that was sent has gone.
    func upstreamFlushed()
    /// It got no answer, or half of one.
    func upstreamFailed(_ fault: Fault)
}

extension UpstreamRequest {
    /// Starts, and tells of the answer as fast as its taker wants it.
    func start(for receiver: any UpstreamRequestReceiver, at bound: (any ReadBound)?) {
        self.receiver = receiver
        read(for: bound)
        start()
    }
}
