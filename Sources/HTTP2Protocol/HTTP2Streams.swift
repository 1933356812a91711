internal import CNGHTTP2

// What streams do on their session.
extension HTTP2Session {
    /// Client: opens a stream with a request. nil when the connection takes no more; else `streamClosed` says later how
    /// it went, with `refusedStream` when it was not processed.
    package func open(
        _ head: HTTP2RequestHead, endsStream: Bool, receiver: any HTTP2StreamReceiver
    ) -> HTTP2Stream? {
        guard !hasEnded, unsafe nghttp2_session_check_request_allowed(session) != 0 else { return nil }
        let stream = HTTP2Stream(id: 0, session: self)
        let pointer = unsafe Unmanaged.passUnretained(stream).toOpaque()
        let id = unsafe HTTP2Library.withLines(head.block) { lines, count in
            guard !endsStream else {
                return unsafe nghttp2_submit_request(session, nil, lines, count, nil, pointer)
            }
            var provider = unsafe HTTP2Library.provider(of: pointer)
            return unsafe nghttp2_submit_request(session, nil, lines, count, &provider, pointer)
        }
        guard id > 0 else { return nil }
        stream.id = id
        stream.receiver = receiver
        if endsStream { stream.ending = .ended }
        streams[id] = stream
        ask()
        return stream
    }

    /// Who takes nothing is told of no more than fits: what is only a hint is left out (RFC 9110, 15.2).
    func inform(_ stream: HTTP2Stream, _ head: HTTP2ResponseHead) {
        guard mayAnswer(with: head) else { return }
        _ = unsafe HTTP2Library.withLines(head) { lines, count in
            unsafe nghttp2_submit_headers(session, 0, stream.id, nil, lines, count, nil)
        }
        headSubmitted(stream, head)
        ask()
    }

    /// While the peer takes what is sent, an answer's head doesn't wait.
    private func mayAnswer(with head: HTTP2ResponseHead) -> Bool {
        !isBlocked || heads.fits(head.fields.listSize)
    }

    func respond(_ stream: HTTP2Stream, _ head: HTTP2ResponseHead, endsStream: Bool) {
        guard mayAnswer(with: head) else { return reset(stream, .enhanceYourCalm) }
        let result = unsafe HTTP2Library.withLines(head) { lines, count in
            guard !endsStream else {
                return unsafe nghttp2_submit_response(session, stream.id, lines, count, nil)
            }
            var provider = unsafe HTTP2Library.provider(of: Unmanaged.passUnretained(stream).toOpaque())
            return unsafe nghttp2_submit_response(session, stream.id, lines, count, &provider)
        }
        headSubmitted(stream, head)
        if endsStream { stream.ending = .ended }
        // Memory, or fields that can't be sent at all.
        if result != 0 { reset(stream, .internalError) }
        ask()
    }

    // The library keeps heads, and no window holds them up: they count as what was written does, so that whoever sends one
    // after the other is paused (RFC 9110, 15.2 knows no limit).

    private func headSubmitted(_ stream: HTTP2Stream, _ head: HTTP2ResponseHead) {
        let size = head.fields.listSize
        stream.unsentHeads.append(size)
        stream.unsentHeadBytes += size
        queued += size
        heads.add(size)
    }

    /// Trailers wait behind the body.
    func finish(_ stream: HTTP2Stream, trailers: HTTP2Fields?) {
        let size = trailers?.listSize ?? 0
        guard heads.fits(size) else { return reset(stream, .enhanceYourCalm) }
        heads.add(size)
        stream.trailerBytes = size
        stream.ending = .finished(trailers)
        wake(stream)
    }

    func headSent(_ stream: HTTP2Stream) {
        guard !stream.unsentHeads.isEmpty else { return }
        let size = stream.unsentHeads.removeFirst()
        stream.unsentHeadBytes -= size
        queued -= size
        heads.release(size)
        guard stream.unsentHeads.isEmpty else { return }
        // Nor is room kept for the next: mostly there is one head.
        stream.unsentHeads = []
        noteFlushed(stream)
    }

    /// Queues bytes that a stream's owner has written.
    func add(_ bytes: Span<UInt8>, to stream: HTTP2Stream) {
        stream.output.append(bytes, buffers)
        queued += bytes.count
        wake(stream)
    }

    /// The stream has something to send that it had not when the library last asked.
    func wake(_ stream: HTTP2Stream) {
        let result: Int32
        switch stream.supply {
        case .known: return
        case .deferred: result = unsafe nghttp2_session_resume_data(session, stream.id)
        case .unknown:
            var provider = unsafe HTTP2Library.provider(of: Unmanaged.passUnretained(stream).toOpaque())
            let flag = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)
            result = unsafe nghttp2_submit_data(session, flag, stream.id, &provider)
        }
        stream.supply = .known
        // Memory: what waits would wait for ever.
        if result != 0 { return reset(stream, .internalError) }
        noteWaiting(stream)
        ask()
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2Code) {
        stream.ending = .ended
        drop(stream)
        unsafe nghttp2_submit_rst_stream(session, 0, stream.id, code.number)
        ask()
    }

    private func drop(_ stream: HTTP2Stream) {
        queued -= stream.output.ownCount &+ stream.unsentHeadBytes
        heads.release(stream.unsentHeadBytes &+ stream.trailerBytes)
        stream.trailerBytes = 0
        stream.unsentHeads = []
        stream.unsentHeadBytes = 0
        stream.output.clear(buffers)
    }

    // MARK: Flow control

    /// The connection's window is given back as long as the streams' owners don't hold too much: one that stalls stops
    /// only itself. From inside the library it waits for the end of the call, once for all frames.
    func payBack() {
        if giveConnectionBack() { ask() }
    }

    /// Whether anything was given back.
    func giveConnectionBack() -> Bool {
        guard owed > 0, !isInside, held <= options.heldBytes else { return false }
        unsafe nghttp2_session_consume_connection(session, owed)
        owed = 0
        return true
    }

    func consume(_ stream: HTTP2Stream, _ count: Int) {
        let count = min(count, stream.unconsumed)
        guard count > 0 else { return }
        stream.unconsumed -= count
        held -= count
        stream.unreturned += count
        if stream.unreturned >= stream.window.step { giveWindowBack(stream) }
        payBack()
    }

    private func giveWindowBack(_ stream: HTTP2Stream) {
        let count = stream.unreturned
        stream.unreturned = 0
        unsafe nghttp2_session_consume_stream(session, stream.id, count)
        if stream.window.returned(count, at: now, roundTrip: { receiver?.roundTrip }) {
            let size = Int32(clamping: stream.window.size)
            unsafe nghttp2_session_set_local_window_size(session, 0, stream.id, size)
        }
        ask()
    }

    // MARK: Heads that have come

    /// Whether there is room for one more list of fields; it is held until `headTaken`.
    func keepsHead(_ size: Int, of stream: HTTP2Stream) -> Bool {
        guard heads.fits(size) else { return false }
        heads.add(size)
        stream.headBytes += size
        return true
    }

    func headTaken(of stream: HTTP2Stream) {
        heads.release(stream.headBytes)
        stream.headBytes = 0
    }

    // MARK: The end

    /// Gives up the streams for which most is held, the largest first, as long as there is need. Each is reset, and its
    /// receiver told at once that it was for `memory`; returns how many there were.
    ///
    /// - Parameter least: bytes; streams that hold less are left alone.
    package func giveUpLargest(from least: Int, while isNeeded: () -> Bool) -> Int {
        let large = streams.values.filter { $0.heldBytes >= least && $0.receiver != nil }
            .sorted { $0.heldBytes > $1.heldBytes }
        var count = 0
        for stream in large {
            guard isNeeded() else { break }
            guard !stream.isClosed, let receiver = stream.receiver else { continue }
            count += 1
            stream.connectionLoss = .memory
            reset(stream, .cancel)
            stream.receiver = nil
            receiver.streamClosed(.cancel)
        }
        return count
    }

    func closed(_ stream: HTTP2Stream, _ code: HTTP2Code) {
        guard !stream.isClosed else { return }
        streams[stream.id] = nil
        if pendingHead == stream.id { pendingHead = nil }
        if stream.block.count > 0 { blockBytes = 0 }
        held -= stream.unconsumed
        stream.unconsumed = 0
        payBack()
        drop(stream)
        headTaken(of: stream)
        stream.ending = .ended
        stream.leave()
        let receiver = stream.receiver
        stream.receiver = nil
        receiver?.streamClosed(code)
    }
}
