package import BasicContainers
internal import CNGHTTP2

/// Which end of the connection we are.
package enum HTTP2Side: Sendable {
    /// Takes requests.
    case server
    /// Makes requests.
    case client
}

/// One HTTP/2 connection (RFC 9113) without a socket, by nghttp2: bytes in, events out, bytes out.
///
/// Owns the library's session and the streams. Knows no time of its own and never calls the library back from inside
/// one of its calls but for what it allows: submitting frames.
@safe package final class HTTP2Session {
    package let side: HTTP2Side
    let options: HTTP2Options
    let buffers: HTTP2Buffers
    /// Who is told; not held.
    package weak var receiver: (any HTTP2SessionReceiver)?
    var session: OpaquePointer?
    /// All streams that are open, by id: what keeps them alive.
    var streams: [Int32: HTTP2Stream] = [:]
    /// The streams whose queue ran empty since they were last told.
    var flushed: [HTTP2Stream] = []
    /// Server: the stream whose request's head has begun and is not complete; there is at most one (RFC 9113, 4.3).
    package internal(set) var pendingHead: Int32?
    /// What `takeOutput` composes; elsewhere empty.
    var output = UniqueArray<UInt8>()
    /// And how many bytes of that are wanted at a time.
    private var mostOutput = 0
    /// As much is composed as is asked for.
    var isOutputFull: Bool { output.count >= mostOutput }
    var meter: AbuseMeter
    /// When bytes last came, in monotonic nanoseconds.
    private(set) var now: UInt64
    var abuse: HTTP2Abuse?
    /// After an error that the library does not come back from: the GOAWAY that it can't send any more.
    private var lastWords: [UInt8]?
    private var isBroken = false
    /// `end` was called: no stream begins any more.
    private(set) var hasEnded = false
    private var isAsked = false
    /// A call of the library is under way.
    private(set) var isInside = false
    /// Heads and trailers that have come and are not answered, or are answers and not framed.
    var heads = HeadRoom()
    /// Written on all streams and not framed.
    var queued = 0
    /// A bit for each stream that has something to send since output was last taken, by its id: beyond 64 some share theirs.
    package private(set) var waitingStreams: UInt64 = 0
    /// While more than this waits, streams are given only a little at a time.
    static let mostAtOnce = 256 * 1024
    /// The kernel takes no more at present, as the peer does not read: nothing is to be made for it.
    package var isBlocked = false
    /// Received by streams and not consumed by their owners.
    var held = 0
    /// Of that, what the connection's window was not given back for.
    var owed = 0
    /// What the peer has announced; nil before its settings came.
    package internal(set) var peerSettings: HTTP2PeerSettings?

    /// - Parameters:
    ///   - buffers: those of the thread.
    ///   - now: monotonic nanoseconds.
    package init(_ side: HTTP2Side, _ options: HTTP2Options, buffers: HTTP2Buffers, at now: UInt64)
        throws(HTTP2Error)
    {
        self.side = side
        self.options = options
        self.buffers = buffers
        meter = AbuseMeter(options.abuse, at: now)
        self.now = now
        unsafe session = nil
        // The library calls back with this object, unretained: it owns the library's session and outlives it.
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe session = try HTTP2Library.open(side, me, buffers)
        try announce()
    }

    deinit { unsafe nghttp2_session_del(session) }

    /// Whether nothing more will be read or sent: the connection may be closed.
    package var isFinished: Bool {
        if isBroken { return lastWords == nil }
        return unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    /// Streams that are open.
    package var streamCount: Int { streams.count }

    /// Bytes that wait for the peer on all streams.
    package var heldBytes: Int { queued }
    /// Of the header block that is coming in: there is one at most (RFC 9113, 4.3).
    package internal(set) var blockBytes = 0

    /// Takes what came. After an error `takeOutput` gives what the peer is still to be told.
    package func receive(_ bytes: inout MutableSpan<UInt8>, at now: UInt64) throws(HTTP2Error) {
        guard !isBroken else { return }
        self.now = now
        meter.advance(to: now)
        heads.received(bytes.count)
        isInside = true
        // The library reads, and hands the parts on that are data, within this call only.
        let result = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe nghttp2_session_mem_recv(session, buffer.baseAddress, buffer.count)
        }
        isInside = false
        if result < 0 { throw fail(Self.error(Int32(truncatingIfNeeded: result))) }
        if let abuse { throw .abuse(abuse) }
        guard unsafe nghttp2_session_get_outbound_queue_size(session) <= mostQueuedFrames else {
            throw fail(.abuse(.unreadAnswers))
        }
        _ = giveConnectionBack()
        ask()
    }

    /// Frames that may wait to be composed. Those that answer streams are bounded by their number, but each refusal of a
    /// broken or surplus request is one more: they pile up while the peer reads nothing.
    private var mostQueuedFrames: Int { 10_000 + 8 * max(options.maxStreams, streams.count) }

    private func fail(_ error: HTTP2Error) -> HTTP2Error {
        isBroken = true
        if error != .noPreface { lastWords = farewell(error) }
        return error
    }

    private static func error(_ code: Int32) -> HTTP2Error {
        switch code {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: .noPreface
        case NGHTTP2_ERR_FLOODED.rawValue: .abuse(.unreadAnswers)
        case NGHTTP2_ERR_TOO_MANY_SETTINGS.rawValue: .abuse(.controlFrames)
        // NGHTTP2_ERR_TOO_MANY_CONTINUATIONS, by number: not every distribution's header has it.
        case -905: .abuse(.continuations)
        default: .library(unsafe String(cString: nghttp2_strerror(code)))
        }
    }

    /// A GOAWAY frame (RFC 9113, 6.8).
    private func farewell(_ error: HTTP2Error) -> [UInt8] {
        let code = if case .abuse = error { HTTP2Code.enhanceYourCalm } else { HTTP2Code.internalError }
        let last = UInt32(bitPattern: unsafe nghttp2_session_get_last_proc_stream_id(session))
        let words = [last, code.number].flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) }
        }
        return [0, 0, 8, 7, 0, 0, 0, 0, 0] + words
    }

    /// Appends what is ready to be sent, until there is nothing more or so many bytes are reached. What it has appended
    /// is to be sent after an error too.
    package func takeOutput(into target: inout UniqueArray<UInt8>, most: Int) throws(HTTP2Error) {
        isAsked = false
        waitingStreams = 0
        guard !isBroken else {
            if let words = lastWords.take() { target.append(copying: words.span) }
            return
        }
        isInside = true
        swap(&output, &target)
        mostOutput = most
        var result = 0
        while !isOutputFull {
            var data: UnsafePointer<UInt8>?
            result = unsafe nghttp2_session_mem_send(session, &data)
            guard result > 0, let data = unsafe data else { break }
            // The bytes are the library's until its next call.
            unsafe output.append(copying: UnsafeBufferPointer(start: data, count: result))
        }
        swap(&output, &target)
        isInside = false
        payBack()
        tellFlushed()
        // Found while sending: the reason has been sent with it.
        if let abuse { throw .abuse(abuse) }
        if result < 0 {
            throw .library(unsafe String(cString: nghttp2_strerror(Int32(truncatingIfNeeded: result))))
        }
    }

    private func tellFlushed() {
        guard !flushed.isEmpty else { return }
        var told: [HTTP2Stream] = []
        swap(&told, &flushed)
        for stream in told where stream.output.count == 0 {
            stream.isAwaited = false
            stream.receiver?.streamFlushed()
        }
        told.removeAll(keepingCapacity: true)
        if flushed.isEmpty { swap(&told, &flushed) }
    }

    /// The connection has ended: every stream is told so.
    ///
    /// - Parameter loss: how the connection ended.
    package func end(_ code: HTTP2Code, _ loss: HTTP2ConnectionLoss) {
        // First: who is told looks for another connection, and must not find this one.
        hasEnded = true
        for stream in streams.values {
            stream.connectionLoss = loss
            // The library keeps its own, and may be in the midst of frames for it.
            unsafe nghttp2_session_set_stream_user_data(session, stream.id, nil)
            closed(stream, code)
        }
    }

    // MARK: The connection

    /// Measures whether the peer is there; `pongReceived` will follow.
    package func ping() {
        unsafe nghttp2_submit_ping(session, 0, nil)
        ask()
    }

    /// Server: asks the client to open no more streams, though those that it opens meanwhile are still served
    /// (RFC 9113, 6.8). `refuseStreams` follows after a round trip.
    package func announceEnd() {
        unsafe nghttp2_submit_shutdown_notice(session)
        ask()
    }

    /// Takes no new streams from here on; those that are open go on.
    package func refuseStreams() {
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        unsafe nghttp2_submit_goaway(session, 0, last, HTTP2Code.noError.number, nil, 0)
        ask()
    }

    /// Ends the connection: what is queued goes out, and then nothing is read.
    package func terminate(_ code: HTTP2Code) {
        unsafe nghttp2_session_terminate_session(session, code.number)
        ask()
    }

    func noteWaiting(_ stream: HTTP2Stream) { waitingStreams |= 1 << UInt64((stream.id >> 1) & 63) }

    /// Something is to be sent: once until `takeOutput`, and not from inside the library, where the caller looks anyway.
    func ask() {
        guard !isAsked, !isInside, !isBroken, unsafe nghttp2_session_want_write(session) != 0 else { return }
        isAsked = true
        receiver?.outputWaiting()
    }
}
