internal import BasicContainers
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import WebSocketProtocol

/// Waits for the answer to a request on a stream.
protocol StreamAsker: AnyObject {
    /// An answer's head, interim or final.
    func streamAnswered(_ head: ResponseHead)
    /// The stream ended without one.
    func streamFailed(_ code: HTTP2Code, _ error: TransportError)
}

/// One stream of a multiplexed connection as a session's transport (RFC 8441, 5): DATA frames are its bytes, the end of
/// the stream is what FIN is to TCP, a reset what RST is.
///
/// What comes is passed on at once. While reading is paused its window isn't given back, so at most one window more
/// comes, and the streams beside it go on.
final class MultiplexStream: ByteTransport, HTTP2StreamReceiver {
    /// From a peer's Close to the end of its side, as a rule; in nanoseconds.
    private static let timeToEnd: UInt64 = 100_000_000

    private let line: MultiplexLine
    private var stream: HTTP2Stream?
    /// Who waits for the answer; nil from then on.
    var asker: (any StreamAsker)?
    var receiver: (any TransportReceiver)?
    private var isPaused = true
    /// Passed on, but not given back to the window.
    private var unconsumed = 0
    /// What came before anybody took it.
    private var early: HeldBytes
    private var hasEnded = false
    /// Our Close, as long as the peer may still end its side without it.
    private var heldAnswer: [UInt8] = []
    /// Given up by its session; what still comes is dropped. When that was.
    private(set) var closedAt: UInt64?

    init(on line: MultiplexLine) {
        self.line = line
        early = HeldBytes(on: line.account)
    }

    /// Sends the request. False when the connection takes no more streams.
    func open(_ head: HTTP2RequestHead) -> Bool {
        stream = line.session?.open(head, endsStream: false, receiver: self)
        return stream != nil
    }

    /// Whether the stream is over on both sides.
    var isOver: Bool { stream == nil }

    var account: MemoryAccount { early.account }
    var bufferedBytes: Int { stream?.bufferedBytes ?? 0 }

    var outflow: Outflow { stream?.outflow(on: line.outflow) ?? Outflow() }

    func isFull(beyond limit: Int) -> Bool { stream?.isFull(beyond: limit) ?? false }
    func room(within most: Int) -> Int { min(most, stream?.readBound ?? most) }

    /// A peer that has ended its side wants no more: there are servers whose whole connection dies of what comes for such a
    /// stream (Hypercorn). `close` resets it with NO_ERROR (RFC 9113, 8.1).
    func write(_ bytes: Span<UInt8>) {
        if !hasEnded { stream?.write(bytes) }
    }

    /// The peer has closed, and most end their side with it or right after. It is given a moment for that.
    func answerClose(_ bytes: Span<UInt8>) {
        guard !hasEnded, closedAt == nil, heldAnswer.isEmpty else { return }
        heldAnswer = bytes.indices.map { bytes[$0] }
        line.worker.after(Self.timeToEnd) { [weak self] in self?.passAnswer() }
    }

    private func passAnswer() {
        let answer = heldAnswer
        heldAnswer = []
        if !answer.isEmpty { write(answer.span) }
    }

    func pauseReading() { isPaused = true }

    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        guard early.isEmpty else { return line.worker.loop.nextTurn { [weak self] in self?.passEarly() } }
        giveBack()
    }

    func finish() {
        passAnswer()
        if !hasEnded { stream?.finish() }
    }

    func close() {
        receiver = nil
        guard let stream, closedAt == nil else { return }
        guard asker == nil else { return abort() }
        closedAt = line.worker.loop.now
        guard !hasEnded else {
            giveBack()
            return stream.reset(.noError)
        }
        passAnswer()
        stream.finish()
        giveBack()
        // A reset would cost the backend more than an end in order, and some count resets as abuse; one that doesn't end
        // its side in time gets it.
        line.linger(self)
    }

    func abort() {
        receiver = nil
        asker = nil
        closedAt = line.worker.loop.now
        stream?.reset(hasEnded ? .noError : .cancel)
    }

    /// Hands the stream over as the answer to a request: nothing more is told here.
    func surrender(to other: any HTTP2StreamReceiver) -> HTTP2Stream? {
        stream?.receiver = other
        return stream
    }

    private func giveBack() {
        guard unconsumed > 0 else { return }
        stream?.consume(unconsumed)
        unconsumed = 0
    }

    private func passEarly() {
        guard let receiver, !isPaused, !early.isEmpty else { return }
        var bytes = early.take()
        var span = bytes.mutableSpan
        receiver.transportReceived(&span)
        if !isPaused { giveBack() }
        if hasEnded { self.receiver?.transportEnded() }
    }

    // MARK: HTTP2StreamReceiver

    func streamAnswered(_ head: HTTP2ResponseHead) { asker?.streamAnswered(ResponseHead(head)) }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        let count = bytes.count
        guard let receiver else {
            if closedAt == nil {
                unconsumed += count
                early.append(bytes.span)
            } else {
                stream?.consume(count)
            }
            return
        }
        unconsumed += count
        guard early.isEmpty else {
            return early.append(bytes.span)
        }
        receiver.transportReceived(&bytes)
        if !isPaused || closedAt != nil { giveBack() }
    }

    func streamTrailers(_ fields: HTTP2Fields) {}

    func streamEnded() {
        hasEnded = true
        if early.isEmpty { receiver?.transportEnded() }
    }

    func streamDrained() { receiver?.transportDrained() }

    func streamClosed(_ code: HTTP2Code) {
        let error = TransportError.of(stream, code)
        stream = nil
        line.streamEnded()
        if let asker = asker.take() { return asker.streamFailed(code, error) }
        guard !hasEnded else { return }
        hasEnded = true
        if code == .noError { receiver?.transportEnded() } else { receiver?.transportFailed(error) }
    }
}
