internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import WebSocketProtocol

/// A plain request on a stream of a multiplexed connection (RFC 9113, 8.1).
final class HTTP2UpstreamRequest: UpstreamRequest, HTTP2StreamReceiver, TurnTarget {
    private let shared: SharedConnection
    /// Until it is sent.
    private var request: RequestHead?
    private let method: String
    private let hasBody: Bool
    private var stream: HTTP2Stream?
    /// The answer to an upgrade, whose head has come before `start`.
    private var refusal: ResponseHead?
    private var isAnswered = false
    private var hasEnded = false
    private var isPaused = false
    private var isTold = true
    private var unconsumed = 0
    private var trailers = HeaderFields()
    private var trailerCharge: MemoryCharge
    private var fault: Fault?
    var receiver: (any UpstreamRequestReceiver)?

    /// A request that is still to be sent.
    init(_ request: RequestHead, framing: BodyFraming, on shared: SharedConnection) {
        self.request = request
        method = request.method
        self.shared = shared
        trailerCharge = MemoryCharge(to: shared.account)
        hasBody = !framing.isEmpty
    }

    /// A refused upgrade, whose stream goes on with the body of the answer.
    init(_ request: RequestHead, refusedBy head: ResponseHead, on shared: SharedConnection) {
        method = request.method
        self.shared = shared
        trailerCharge = MemoryCharge(to: shared.account)
        hasBody = false
        refusal = head
    }

    /// The stream of a refused upgrade.
    func take(_ stream: HTTP2Stream?) { self.stream = stream }

    var outflow: Outflow { stream?.outflow(on: shared.outflow) ?? Outflow() }
    func isFull(beyond limit: Int) -> Bool { stream?.isFull(beyond: limit) ?? false }

    // MARK: The request

    func start() {
        if let head = refusal.take() {
            begin(head)
            stream?.finish()
            return turnEnded()
        }
        if let request = request.take() {
            stream = shared.session?.open(
                request.http2(scheme: shared.scheme), endsStream: !hasBody, receiver: self)
        }
        guard stream == nil else { return }
        // It has just said that it takes no more.
        shared.carriedStreamEnded()
        fault = Fault(.unprocessed, .leaving)
        tellSoon()
    }

    func body(_ bytes: Span<UInt8>) { stream?.write(bytes) }

    func end(trailers: HeaderFields) {
        guard hasBody else { return }
        stream?.finish(trailers: trailers.count > 0 ? HTTP2Fields(trailers) : nil)
    }

    func flush() {}

    /// The stream's window bounds it.
    func read(for bound: (any ReadBound)?) {}

    func pauseReading() { isPaused = true }

    func resumeReading() {
        isPaused = false
        release()
    }

    func finish() { cancel() }

    func cancel() {
        receiver = nil
        release()
        guard let stream else { return }
        // In full, or given up: what is still under way is of no use to anybody.
        if !(hasEnded && stream.isFinished) { stream.reset(hasEnded ? .noError : .cancel) }
    }

    private func release() {
        guard unconsumed > 0 else { return }
        stream?.consume(unconsumed)
        unconsumed = 0
    }

    // MARK: The response

    private func tellSoon() {
        guard isTold else { return }
        isTold = false
        shared.worker.loop.atTurnEnd(self)
    }

    func turnEnded() {
        isTold = true
        if hasEnded { receiver?.upstreamEnded(trailers: trailers) }
        receiver?.upstreamPaused()
        // It broke off in the same turn: what came before that has been told.
        if let fault = fault.take() { receiver?.upstreamFailed(fault) }
    }

    private func begin(_ head: ResponseHead) {
        do throws(HeadError) {
            isAnswered = true
            receiver?.upstreamBegan(head, framing: try BodyFraming(of: head, to: method))
        } catch {
            receiver?.upstreamFailed(Fault(.malformed, .head(error)))
        }
    }

    func streamAnswered(_ head: HTTP2ResponseHead) {
        tellSoon()
        let head = ResponseHead(head)
        if head.status < 200 { receiver?.upstreamInterim(head) } else { begin(head) }
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        tellSoon()
        unconsumed += bytes.count
        receiver?.upstreamBody(bytes.span)
        if !isPaused { release() }
    }

    func streamTrailers(_ fields: HTTP2Fields) {
        trailers = HeaderFields(fields)
        trailerCharge.set(trailers.keptBytes)
    }

    func streamEnded() {
        tellSoon()
        hasEnded = true
    }

    func streamFlushed() { receiver?.upstreamFlushed() }

    func streamClosed(_ code: HTTP2Code) {
        let error = TransportError.of(stream, code)
        stream = nil
        shared.carriedStreamEnded()
        guard !hasEnded else { return }
        fault = .stream(code, error, isAnswered: isAnswered)
        tellSoon()
    }
}
