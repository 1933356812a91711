/// One stream of a connection: its outbound queue, its flow control, and who is told of it.
///
/// Usable until `streamClosed`; after that every call is ignored. Bound to its session's thread.
@safe package final class HTTP2Stream {
    /// How our side of the stream ends.
    enum Ending { case open, finished(HTTP2Fields?), ended }

    /// What the library knows of the stream's data.
    enum Supply {
        /// There is some, or will be behind a head: it asks when it can send.
        case known
        /// It has asked, and there was none.
        case deferred
        /// It has sent all it was told of.
        case unknown
    }

    /// As on the wire.
    package internal(set) var id: Int32
    /// Who is told; let go of when the stream is closed.
    package var receiver: (any HTTP2StreamReceiver)?
    /// A header list came that is over the limit; its fields are lost. A server answers 431.
    package internal(set) var isTooLarge = false
    /// How its connection ended, where that is what ended the stream, or why we gave the stream up; nil for one that its
    /// peer has reset.
    package internal(set) var connectionLoss: HTTP2ConnectionLoss?
    /// For whoever keeps streams in a list.
    package var position = -1
    // Both hold each other until the stream is closed.
    private(set) var session: HTTP2Session?
    /// The same, for calls in which neither lets go of the other, where the counting would cost more than the call. Only
    /// while there is a session.
    private let home: Unmanaged<HTTP2Session>
    var output = StreamOutput()
    /// Sizes of the heads that were submitted and have not been framed, in their order.
    var unsentHeads: [Int] = []
    var unsentHeadBytes = 0
    /// Of the trailers that are to be sent.
    var trailerBytes = 0
    /// Server: of the request's head and trailers, as long as they are under way.
    var headBytes = 0
    /// What was written in all, whether it has been framed or not.
    package private(set) var writtenBytes: UInt64 = 0
    var ending = Ending.open
    var supply = Supply.known
    /// Somebody was told that something waits here, and may wait until nothing does.
    var isAwaited = false
    /// The header block that is coming in.
    var block = HTTP2Fields()
    var blockSize = 0
    /// Interim responses that have come.
    var interimHeads = 0
    /// Received and not yet consumed.
    var unconsumed = 0
    /// Consumed, and the stream's window not yet given back for it.
    var unreturned = 0
    var window: StreamWindow
    /// What may wait for the peer.
    var room = StreamRoom()
    /// The peer has ended its side.
    package internal(set) var hasEnded = false

    init(id: Int32, session: HTTP2Session) {
        self.id = id
        self.session = session
        // Unsafe only in its use.
        unsafe home = .passUnretained(session)
        window = StreamWindow(
            first: session.options.streamWindow, most: session.options.grownWindow,
            at: session.now)
    }

    /// It is closed, and asks for nothing any more.
    func leave() { session = nil }

    /// Whether the stream is over.
    package var isClosed: Bool { session == nil }

    /// What was written and not yet framed. Where that is something, `streamFlushed` follows when it is nothing.
    package var bufferedBytes: Int {
        let count = output.count
        if count > 0 { isAwaited = true }
        return count
    }

    /// Whether more waits than the limit, or as much as the peer has earned by taking. While the kernel takes nothing, or all
    /// streams of the connection together hold more than they may, each that holds anything is full. `streamFlushed`
    /// follows when nothing waits any longer.
    package func isFull(beyond limit: Int) -> Bool {
        let count = output.count &+ unsentHeadBytes
        guard count > 0, let session else { return false }
        let isFull =
            count > limit || output.count >= room.bytes || session.isBlocked
            || session.queued > session.options.heldBytes
        if isFull { isAwaited = true }
        return isFull
    }

    /// How many bytes are worth making for this stream now: never none, as what waits is what tells that it can go on.
    package var readBound: Int {
        guard let session else { return .max }
        guard !session.isBlocked, session.queued <= HTTP2Session.mostAtOnce else { return StreamRoom.least }
        return max(room.bytes &- output.count, StreamRoom.least)
    }

    /// Bytes that are held for it, in both directions.
    var heldBytes: Int { output.ownCount &+ unsentHeadBytes &+ unconsumed }

    /// Whether our side has been ended.
    package var isFinished: Bool {
        if case .open = ending { false } else { true }
    }

    /// Whether the end of our side is still to be sent.
    package var owesEnd: Bool {
        if case .finished = ending { !isClosed } else { false }
    }

    /// Server: the request is answered, or has become something else: its head is needed no longer. Who has more heads
    /// under way than `HeadRoom` allows gets `refusedStream` for further requests.
    package func headTaken() { session?.headTaken(of: self) }

    /// Server: an interim response (1xx).
    package func inform(_ head: HTTP2ResponseHead) { session?.inform(self, head) }

    /// Server: the final response; its body follows by `write` and `finish`, unless it ends with the head.
    package func respond(_ head: HTTP2ResponseHead, endsStream: Bool) {
        session?.respond(self, head, endsStream: endsStream)
    }

    /// Sends bytes in order as flow control allows; `bufferedBytes` says what waits.
    package func write(_ bytes: Span<UInt8>) {
        guard session != nil, case .open = ending, bytes.count > 0 else { return }
        writtenBytes &+= UInt64(bytes.count)
        // It queues the bytes, and asks to be asked for output later: nothing is closed in it.
        unsafe home._withUnsafeGuaranteedRef { $0.add(bytes, to: self) }
    }

    /// Sends the last bytes, which many answers share, and ends our side: nothing of them is copied before the peer takes it.
    package func finish(with shared: [UInt8]) {
        guard session != nil, case .open = ending else { return }
        output.end(with: shared)
        finish()
    }

    /// Ends our side when everything written has gone, with trailers or without.
    package func finish(trailers: HTTP2Fields? = nil) {
        guard let session, case .open = ending else { return }
        session.finish(self, trailers: trailers)
    }

    /// Ends the stream at once, both ways; what waits is lost. `streamClosed` follows when it has gone out.
    package func reset(_ code: HTTP2Code) { session?.reset(self, code) }

    /// So many bytes that came have been taken: the peer may send as many again.
    package func consume(_ count: Int) {
        guard session != nil else { return }
        // It counts, and asks to be asked for output later: nothing is closed in it.
        unsafe home._withUnsafeGuaranteedRef { $0.consume(self, count) }
    }

    /// The peer's window may grow to so many bytes, where it is what holds the peer up.
    package func growWindow(to bytes: Int) { window.grows(to: bytes) }
}
