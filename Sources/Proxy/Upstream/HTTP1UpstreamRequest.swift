internal import ASCII
internal import BasicContainers
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// A request on an HTTP/1.1 connection that is its own as long as it lasts (RFC 9112).
final class HTTP1UpstreamRequest: UpstreamRequest, TransportReceiver {
    private let connection: StreamConnection
    /// Takes the connection back when it could serve another request; nil when it must not.
    private let pool: UpstreamPool?
    /// Until it is sent.
    private var request: RequestHead?
    private let method: String
    private let framing: BodyFraming
    private var output = UniqueArray<UInt8>()
    private var isSent: Bool
    private var parser: ResponseHeadParser
    private var reader = BodyReader(.none)
    /// Of heads and trailers that are not complete.
    private var headCharge: MemoryCharge
    private var hasHead = false
    /// The backend leaves the connection open behind its answer.
    private var keepsAlive = false
    private var isAnswered = false
    /// The answer to an upgrade, whose head and first bytes have come before `start`.
    private var refusal: (ResponseHead, early: [UInt8])?
    /// Bytes behind the end of the response.
    private var leftOver = 0
    var receiver: (any UpstreamRequestReceiver)?

    /// A request that is still to be sent.
    ///
    /// - Parameter framing: how the body goes to the backend; its end is told by `end`.
    init(
        _ request: RequestHead, framing: BodyFraming, on connection: StreamConnection, pool: UpstreamPool?,
        headLimits: HeadLimits
    ) {
        self.request = request
        method = request.method
        self.framing = framing
        self.connection = connection
        headCharge = MemoryCharge(to: connection.account)
        self.pool = pool
        isSent = framing.isEmpty
        parser = ResponseHeadParser(limits: headLimits)
    }

    /// A refused upgrade. Many servers have let go of such a connection, whatever they answer: it isn't used again.
    init(
        _ request: RequestHead, refusedBy head: ResponseHead, early: [UInt8], on connection: StreamConnection,
        headLimits: HeadLimits
    ) {
        method = request.method
        framing = .none
        self.connection = connection
        headCharge = MemoryCharge(to: connection.account)
        pool = nil
        isSent = true
        refusal = (head, early)
        parser = ResponseHeadParser(limits: headLimits)
    }

    var outflow: Outflow { connection.outflow }
    func isFull(beyond limit: Int) -> Bool { connection.isFull(beyond: limit) }

    // MARK: The request

    func start() {
        connection.receiver = self
        if let (head, early) = refusal.take() {
            receive(early.span, after: head)
            if receiver == nil { return }
        } else if let request = request.take() {
            output.append(copying: request.encoded.span)
        }
        connection.resumeReading()
    }

    func body(_ bytes: Span<UInt8>) {
        if framing == .chunked {
            output.append(copying: ChunkedBody.sizeLine(bytes.count).span)
            output.append(copying: bytes)
            output.append(copying: [.carriageReturn, .lineFeed].span)
        } else if output.isEmpty {
            connection.write(bytes)
        } else {
            output.append(copying: bytes)
        }
    }

    func end(trailers: HeaderFields) {
        isSent = true
        if framing == .chunked { output.append(copying: ChunkedBody.end(trailers: trailers).span) }
    }

    func flush() {
        guard !output.isEmpty else { return }
        var ready = UniqueArray<UInt8>()
        swap(&ready, &output)
        connection.write(ready.span)
    }

    func read(for bound: (any ReadBound)?) { connection.read(for: bound) }
    func pauseReading() { connection.pauseReading() }
    func resumeReading() { connection.resumeReading() }

    func finish() {
        receiver = nil
        // A request that was answered before it was complete leaves no beginning for the next one.
        let isReusable =
            isSent && leftOver == 0 && !reader.endsWithConnection && keepsAlive
        guard isReusable, let pool else { return connection.close() }
        connection.receiver = nil
        connection.read(for: nil)
        pool.release(connection)
    }

    func cancel() {
        receiver = nil
        connection.close()
    }

    // MARK: The response

    func transportOpened() {}

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) { receive(bytes.span, after: nil) }

    private func receive(_ bytes: Span<UInt8>, after known: ResponseHead?) {
        isAnswered = true
        var position = 0
        do {
            if let known { try begin(known) }
            try takeHead(bytes, &position)
            if hasHead { try takeBody(bytes, &position) }
        } catch let error as HeadError {
            receiver?.upstreamFailed(Fault(.malformed, .head(error)))
        } catch let error as BodyError {
            receiver?.upstreamFailed(Fault(.malformed, .body(error)))
        } catch {
            receiver?.upstreamFailed(Fault(.malformed))
        }
        headCharge.set(parser.keptBytes &+ reader.keptBytes)
        leftOver = bytes.count - position
        receiver?.upstreamPaused()
    }

    private func takeHead(_ bytes: Span<UInt8>, _ position: inout Int) throws(HeadError) {
        while !hasHead, position < bytes.count {
            guard let (head, used) = try parser.feed(bytes.extracting(position..<bytes.count)) else {
                return position = bytes.count
            }
            position += used
            // We asked for no other protocol.
            if head.status == 101 { throw .unaskedSwitch }
            if head.status < 200 { receiver?.upstreamInterim(head) } else { try begin(head) }
        }
    }

    private func begin(_ head: ResponseHead) throws(HeadError) {
        let framing = try BodyFraming(of: head, to: method)
        hasHead = true
        keepsAlive = head.keepsAlive
        reader = BodyReader(framing, isResponse: true)
        receiver?.upstreamBegan(head, framing: framing)
    }

    private func takeBody(_ bytes: Span<UInt8>, _ position: inout Int) throws(BodyError) {
        while let piece = try reader.next(bytes, from: &position) {
            switch piece {
            case .data(let range): receiver?.upstreamBody(bytes.extracting(range))
            case .end(let trailers): receiver?.upstreamEnded(trailers: trailers)
            }
        }
    }

    func transportFlushed() { receiver?.upstreamFlushed() }

    func transportEnded() {
        guard hasHead, reader.endsWithConnection else {
            receiver?.upstreamFailed(.ended(.ended, isAnswered: isAnswered))
            return
        }
        receiver?.upstreamEnded(trailers: HeaderFields())
        receiver?.upstreamPaused()
    }

    func transportFailed(_ error: TransportError) {
        receiver?.upstreamFailed(.ended(.transport(error), isAnswered: isAnswered))
    }
}

extension BodyFraming {
    /// Nothing follows the head.
    var isEmpty: Bool { self == .none || self == .length(0) }
}
