internal import BasicContainers
internal import CNGHTTP2

// What the library reports, as what the receivers are told.
extension HTTP2Session {
    /// Server: a client begins a request.
    func accept(_ id: Int32) -> HTTP2Stream {
        let stream = HTTP2Stream(id: id, session: self)
        streams[id] = stream
        pendingHead = id
        return stream
    }

    /// One field of a block. A list over the limit is remembered as such and no longer kept; false for one that is far
    /// over it, which ends the connection.
    func field(
        _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, on stream: HTTP2Stream
    ) -> Bool {
        stream.blockSize += name.count + value.count + 32
        guard stream.blockSize > options.maxHeaderList else {
            unsafe stream.block.append(name, value)
            blockBytes = stream.blockSize
            return true
        }
        blockBytes = 0
        stream.isTooLarge = true
        stream.block = HTTP2Fields()
        // Small blocks that decode to large lists (RFC 9113, 10.5.1).
        guard stream.blockSize > options.maxHeaderList * 8 else { return true }
        count { _ in .headerList }
        return false
    }

    func headersComplete(_ stream: HTTP2Stream, ends: Bool) {
        if pendingHead == stream.id { pendingHead = nil }
        blockBytes = 0
        var block = HTTP2Fields()
        swap(&block, &stream.block)
        switch side {
        case .server:
            if stream.receiver == nil {
                opened(stream, block, ends: ends)
            } else if keepsHead(block.listSize, of: stream) {
                stream.receiver?.streamTrailers(block)
            } else {
                reset(stream, .enhanceYourCalm)
            }
        case .client:
            if let head = HTTP2ResponseHead(block) {
                if head.status < 200 { stream.interimHeads += 1 }
                // So many never end (RFC 9113, 10.5).
                guard stream.interimHeads <= options.interimHeads else {
                    return cut(stream, "more than \(options.interimHeads) interim responses")
                }
                stream.receiver?.streamAnswered(head)
            } else if stream.isTooLarge {
                cut(stream, "fields larger than \(options.maxHeaderList) bytes")
            } else {
                stream.receiver?.streamTrailers(block)
            }
        }
        if ends { ended(stream) }
    }

    /// Client: what the server sends is too much. It is not the server that has reset the stream.
    private func cut(_ stream: HTTP2Stream, _ reason: String) {
        stream.connectionLoss = .cut(reason)
        reset(stream, .enhanceYourCalm)
    }

    private func opened(_ stream: HTTP2Stream, _ block: consuming HTTP2Fields, ends: Bool) {
        if ends { stream.hasEnded = true }
        guard keepsHead(block.listSize, of: stream) else { return reset(stream, .refusedStream) }
        if let head = HTTP2RequestHead(block) {
            receiver?.streamOpened(stream, head)
        } else if stream.isTooLarge {
            receiver?.streamOpened(stream, .unread)
        } else {
            reset(stream, .protocolError)
        }
    }

    func ended(_ stream: HTTP2Stream) {
        stream.hasEnded = true
        stream.receiver?.streamEnded()
    }

    func data(_ bytes: inout MutableSpan<UInt8>, on stream: HTTP2Stream) {
        let count = bytes.count
        stream.unconsumed += count
        held += count
        owed += count
        // The stream may be gone when the receiver, which is held here, returns.
        guard let receiver = stream.receiver else { return consume(stream, count) }
        receiver.streamReceived(&bytes)
    }

    func settingsReceived() {
        let settings = HTTP2PeerSettings(
            maxStreams: remote(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
            enablesConnect: remote(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1,
            streamWindow: remote(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE))
        peerSettings = settings
        receiver?.settingsReceived(settings)
    }

    private func remote(_ id: nghttp2_settings_id) -> Int {
        Int(unsafe nghttp2_session_get_remote_settings(session, id))
    }

    // MARK: Abuse

    /// Counts an event; one too many ends the connection with ENHANCE_YOUR_CALM.
    func count(_ event: (inout AbuseMeter) -> HTTP2Abuse?) {
        guard let found = event(&meter), abuse == nil else { return }
        abuse = found
        unsafe nghttp2_session_terminate_session(session, HTTP2Code.enhanceYourCalm.number)
    }

    func frameBegins(type: UInt8, flags: UInt8, length: Int) {
        switch UInt32(type) {
        case NGHTTP2_DATA.rawValue:
            if length == 0, flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) == 0 { count { $0.emptyFrame() } }
        case NGHTTP2_CONTINUATION.rawValue: if length == 0 { count { $0.emptyFrame() } }
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_RST_STREAM.rawValue, NGHTTP2_WINDOW_UPDATE.rawValue: break
        default: count { $0.controlFrame() }
        }
    }

    func resetReceived(on stream: HTTP2Stream?) {
        // One that has been answered in full costs no more than any other.
        if let stream, stream.isFinished { return }
        count { $0.reset() }
    }

    /// We, or the library for us, have reset a stream whose owner did not want that.
    func resetSent(on stream: HTTP2Stream?, _ code: HTTP2Code) {
        if side == .server, code == .refusedStream { receiver?.streamRefused() }
        if let stream, stream.isFinished { return }
        count { $0.reset() }
    }

    // MARK: Output

    /// What the next DATA frame of a stream takes.
    struct Piece: Equatable {
        /// What comes behind it.
        enum Rest {
            case more
            /// Nothing for now. The library forgets that the stream has something, which spares a second look.
            case nothing
            /// Nothing ever: the frame ends our side.
            case end
        }

        let count: Int
        let rest: Rest
    }

    func nextPiece(of stream: HTTP2Stream, most: Int) -> Piece {
        let waiting = stream.output.count
        let count = min(waiting, most)
        guard case .open = stream.ending else { return latePiece(of: stream, count) }
        guard count > 0 else {
            stream.supply = .deferred
            return Piece(count: 0, rest: .more)
        }
        guard count == waiting else { return Piece(count: count, rest: .more) }
        stream.supply = .unknown
        return Piece(count: count, rest: .nothing)
    }

    /// One behind which our side has ended or will.
    private func latePiece(of stream: HTTP2Stream, _ count: Int) -> Piece {
        guard case .finished(let trailers) = stream.ending else { return Piece(count: count, rest: .end) }
        guard count == stream.output.count else { return Piece(count: count, rest: .more) }
        stream.ending = .ended
        heads.release(stream.trailerBytes)
        stream.trailerBytes = 0
        guard let trailers else { return Piece(count: count, rest: .end) }
        // They end our side, and not the data.
        _ = unsafe HTTP2Library.withLines(trailers) { lines, fields in
            unsafe nghttp2_submit_trailer(session, stream.id, lines, fields)
        }
        return Piece(count: count, rest: .nothing)
    }

    func sendPiece(of stream: HTTP2Stream, count: Int) {
        queued -= min(count, stream.output.ownCount)
        stream.room.taken(count)
        stream.output.move(count, to: &output, buffers)
        noteFlushed(stream)
    }

    /// Something has left a stream's queue. Most streams are written to again and again without a look at what waits; whoever
    /// has looked, or sees the stream to its end, is told when nothing waits.
    func noteFlushed(_ stream: HTTP2Stream) {
        guard stream.output.count == 0, stream.isAwaited || stream.hasEnded || stream.isFinished else {
            return
        }
        flushed.append(stream)
    }
}

extension HTTP2RequestHead {
    /// Stands for one that was too large to be kept.
    static let unread = HTTP2RequestHead(method: "", scheme: nil, authority: nil, path: nil)
}
