internal import BasicContainers
internal import EventLoop
internal import HTTP2Protocol
internal import WebSocketProtocol

/// A transport over one stream of an HTTP/2 connection, on either side.
///
/// What comes while reading is paused waits here and is not given back to flow control, so the peer stops after one
/// window. Fields belong to whoever opened the stream: this begins when bytes may flow.
final class HTTP2StreamTransport: ByteTransport, HTTP2StreamReceiver {
    private static let mostOffered = 64 * 1024

    let stream: HTTP2Stream
    private weak var connection: StreamConnection?
    private let loop: EventLoop
    var receiver: (any TransportReceiver)?
    private var isReading = false
    private var isOver = false
    private var isDeliveryPlanned = false
    private var hasEnded = false
    private var waiting: HeldBytes

    /// Takes the stream over; reading starts with `resumeReading`.
    ///
    /// - Parameter connection: which the stream is one of.
    init(_ stream: HTTP2Stream, on loop: EventLoop, over connection: StreamConnection) {
        self.stream = stream
        self.loop = loop
        self.connection = connection
        waiting = HeldBytes(on: connection.account)
        hasEnded = stream.hasEnded
        stream.receiver = self
    }

    // MARK: ByteTransport

    var account: MemoryAccount { waiting.account }
    var bufferedBytes: Int { stream.bufferedBytes }
    var outflow: Outflow { stream.outflow(on: connection?.outflow ?? Outflow()) }

    func isFull(beyond limit: Int) -> Bool { stream.isFull(beyond: limit) }

    func write(_ bytes: Span<UInt8>) { stream.write(bytes) }

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

    func finish() { stream.finish() }

    func close() {
        guard letGo() else { return }
        guard stream.bufferedBytes > 0 else { return stream.reset(stream.isFinished ? .noError : .cancel) }
        // As with a socket, what was written in this turn still goes as far as the window allows.
        stream.finish()
        let stream = self.stream
        loop.nextTurn { stream.reset(stream.bufferedBytes == 0 ? .noError : .cancel) }
    }

    func abort() {
        if letGo() { stream.reset(.internalError) }
    }

    private func letGo() -> Bool {
        receiver = nil
        guard !isOver else { return false }
        isOver = true
        waiting.removeAll()
        return !stream.isClosed
    }

    // MARK: Delivery

    /// What came while reading was paused is told at the end of a turn: nobody is called from inside its own call.
    private func planDelivery() {
        guard !isDeliveryPlanned else { return }
        isDeliveryPlanned = true
        loop.nextTurn { [weak self] in self?.deliver() }
    }

    private func deliver() {
        isDeliveryPlanned = false
        guard isReading, !isOver else { return }
        if !waiting.isEmpty {
            var bytes = waiting.take()
            let count = bytes.count
            var span = bytes.mutableSpan
            receiver?.transportReceived(&span)
            stream.consume(count)
        }
        guard isReading, !isOver, hasEnded, waiting.isEmpty else { return }
        hasEnded = false
        receiver?.transportEnded()
    }

    // MARK: HTTP2StreamReceiver

    func streamAnswered(_ head: HTTP2ResponseHead) {}

    /// A tunnel carries nothing but data (RFC 9113, 8.5).
    func streamTrailers(_ fields: HTTP2Fields) {
        guard !isOver else { return }
        isOver = true
        stream.reset(.protocolError)
        let told = receiver
        receiver = nil
        told?.transportFailed(.stream(.protocolError))
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
        guard isReading, waiting.isEmpty, let receiver else { return hasEnded = true }
        receiver.transportEnded()
    }

    func streamDrained() { receiver?.transportDrained() }

    func streamClosed(_ code: HTTP2Code) {
        guard !isOver, code != .noError || !stream.hasEnded else { return }
        isOver = true
        let told = receiver
        receiver = nil
        told?.transportFailed(.of(stream, code))
    }
}
