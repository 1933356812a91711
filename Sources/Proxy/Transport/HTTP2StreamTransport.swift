internal import BasicContainers
internal import EventLoop
internal import HTTP2Protocol
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A transport over one stream of an HTTP/2 connection (RFC 8441, 5), on either side: DATA frames are its bytes, the end of
/// the stream is what FIN is to TCP, a reset what RST is.
///
/// What comes while reading is paused waits here and is not given back to flow control, so the peer stops after one
/// window, and the streams beside it go on. Fields belong to whoever opened the stream: this begins when bytes may flow.
final class HTTP2StreamTransport: ByteTransport, HTTP2StreamReceiver, TimerTarget {
    /// Bytes that are offered to a stream at a time.
    private static let mostOffered = 64 * 1024
    /// From a server's Close to the end of its side, as a rule.
    private static let timeToEnd = Duration.milliseconds(100)
    /// From the end of our side to the end of a client's.
    private static let timeToLeave = Duration.milliseconds(500)

    private enum Timer: UInt8 { case answer, leaving }

    private let stream: HTTP2Stream
    private let carrier: any StreamCarrier
    private let loop: EventLoop
    var receiver: (any TransportReceiver)?
    private var isReading = false
    private var isOver = false
    private var isDeliveryPlanned = false
    /// The peer's end has come and was not told.
    private var hasEnded: Bool
    private var waiting: HeldBytes
    /// Our Close, as long as the peer may still end its side without it.
    private var heldAnswer: [UInt8] = []

    /// Takes the stream over; reading starts with `resumeReading`.
    ///
    /// - Parameter carrier: which the stream is one of.
    init(_ stream: HTTP2Stream, on loop: EventLoop, over carrier: any StreamCarrier) {
        self.stream = stream
        self.loop = loop
        self.carrier = carrier
        waiting = HeldBytes(on: carrier.account)
        hasEnded = stream.hasEnded
        stream.receiver = self
    }

    // MARK: ByteTransport

    var account: MemoryAccount { waiting.account }
    var contexts: ContextShare? { carrier.contexts }
    var bufferedBytes: Int { stream.bufferedBytes }
    var endsUnread: Bool { hasEnded }
    var outflow: Outflow { stream.outflow(on: carrier.outflow) }

    func isFull(beyond limit: Int) -> Bool { stream.isFull(beyond: limit) }

    func write(_ bytes: Span<UInt8>) {
        if takesMore { stream.write(bytes) }
    }

    /// A server that has ended its side wants no more: there are some whose whole connection dies of what comes for such a
    /// stream (Hypercorn). `close` resets it with NO_ERROR (RFC 9113, 8.1). A browser ends its side and reads on.
    private var takesMore: Bool { !(carrier.asks && stream.hasEnded) }

    /// A server that has closed mostly ends its side with that, or right after. It is given a moment for it.
    func answerClose(_ bytes: Span<UInt8>) {
        guard carrier.asks else { return write(bytes) }
        guard takesMore, !isOver, heldAnswer.isEmpty else { return }
        heldAnswer = bytes.indices.map { bytes[$0] }
        arm(.answer, after: Self.timeToEnd)
    }

    private func arm(_ timer: Timer, after delay: Duration) {
        _ = loop.schedule(self, kind: timer.rawValue, after: delay)
    }

    func timerFired(_ kind: UInt8) {
        switch Timer(rawValue: kind) {
        case .leaving: seeOff()
        case .answer, nil: passAnswer()
        }
    }

    private func passAnswer() {
        let answer = heldAnswer
        heldAnswer = []
        if !answer.isEmpty { write(answer.span) }
    }

    func room(within most: Int) -> Int { min(most, stream.readBound) }

    var readBound: (any ReadBound)? { stream }

    /// What one turn composes goes out together, so that a stream with something waiting is not yet a slow one.
    func offer(_ bytes: Span<UInt8>) -> Int {
        guard !stream.isFull(beyond: Self.mostOffered) else { return 0 }
        let count = min(bytes.count, room(within: Self.mostOffered))
        if count > 0 { stream.write(bytes.extracting(0..<count)) }
        return count
    }

    func pauseReading() { isReading = false }

    func resumeReading() {
        guard !isReading else { return }
        isReading = true
        if !waiting.isEmpty || hasEnded { planDelivery() }
    }

    /// A client's stream ends soon after, whether its own side does or not: who has heard the end may forget the stream
    /// (Firefox does), and nothing is lost as it is on a socket that is closed too early (RFC 9113, 8.1).
    func finish() {
        passAnswer()
        guard takesMore else { return }
        stream.finish()
        if !carrier.asks { arm(.leaving, after: Self.timeToLeave) }
    }

    private func seeOff() {
        guard !isOver, !stream.hasEnded, !stream.isClosed else { return }
        if stream.bufferedBytes == 0 { streamEnded() } else { arm(.leaving, after: Self.timeToLeave) }
    }

    func close() {
        passAnswer()
        guard release() else { return }
        if carrier.asks { return leave() }
        guard stream.bufferedBytes > 0 || stream.owesEnd else {
            return stream.reset(stream.isFinished ? .noError : .cancel)
        }
        // As with a socket, what was written in this turn still goes as far as the window allows.
        stream.finish()
        let stream = self.stream
        loop.nextTurn { stream.reset(stream.bufferedBytes == 0 ? .noError : .cancel) }
    }

    /// Ends a stream of ours. A reset would cost the server more than an end in order, and some count resets as abuse; one
    /// that doesn't end its side in time gets it.
    private func leave() {
        guard takesMore else { return stream.reset(.noError) }
        stream.finish()
        carrier.linger(stream)
    }

    func abort() {
        if release() { stream.reset(carrier.asks ? (stream.hasEnded ? .noError : .cancel) : .internalError) }
    }

    private func release() -> Bool {
        receiver = nil
        guard !isOver else { return false }
        isOver = true
        stream.consume(waiting.take().count)
        return !stream.isClosed
    }

    // MARK: Delivery

    /// What came while reading was paused is told at the end of a turn: nobody is called from inside its own call.
    private func planDelivery() {
        guard !isDeliveryPlanned else { return }
        isDeliveryPlanned = true
        loop.nextTurn { [self] in deliver() }
    }

    private func deliver() {
        isDeliveryPlanned = false
        guard isReading, !isOver else { return }
        passWaiting()
        guard isReading, !isOver, hasEnded, waiting.isEmpty else { return }
        hasEnded = false
        receiver?.transportEnded()
    }

    private func passWaiting() {
        guard let receiver, !waiting.isEmpty else { return }
        var bytes = waiting.take()
        let count = bytes.count
        var span = bytes.mutableSpan
        receiver.transportReceived(&span)
        stream.consume(count)
    }

    // MARK: HTTP2StreamReceiver

    func streamAnswered(_ head: HTTP2ResponseHead) {}

    /// A tunnel carries nothing but data (RFC 9113, 8.5).
    func streamTrailers(_ fields: HTTP2Fields) {
        // Of a server they are passed over: its stream ends with them.
        guard !isOver, !carrier.asks else { return }
        stream.reset(.protocolError)
        fail(.stream(.protocolError))
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard !isOver else { return stream.consume(bytes.count) }
        guard isReading, waiting.isEmpty, let receiver else { return waiting.append(bytes.span) }
        let count = bytes.count
        receiver.transportReceived(&bytes)
        stream.consume(count)
    }

    func streamEnded() {
        guard !isOver else { return }
        guard isReading, waiting.isEmpty, let receiver else {
            hasEnded = true
            receiver?.transportEndsUnread()
            return
        }
        receiver.transportEnded()
    }

    func streamFlushed() { receiver?.transportFlushed() }

    func streamClosed(_ code: HTTP2Code) {
        carrier.carriedStreamEnded()
        if !isOver, stream.connectionLoss == .memory { return giveUp() }
        guard !isOver, !(stream.hasEnded && (code == .noError || carrier.asks)) else { return }
        // What it said before counts, whether it was read or not.
        passWaiting()
        guard !isOver else { return }
        // A server may end a stream in order by a reset (RFC 9113, 8.1).
        guard carrier.asks, code == .noError else { return fail(.of(stream, code)) }
        isOver = true
        let told = receiver
        receiver = nil
        told?.transportEnded()
    }

    /// It is the room that is needed.
    private func giveUp() {
        _ = waiting.take()
        fail(.connection(.memory))
    }

    private func fail(_ error: TransportError) {
        isOver = true
        let told = receiver
        receiver = nil
        told?.transportFailed(error)
    }
}
