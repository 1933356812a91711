internal import BasicContainers
internal import CNGHTTP2

// What nghttp2 calls. `data` is the session that owns the library's, which outlives it; a stream's pointer is the
// stream that the session keeps until it is closed. Each turns C into Swift and does no more.
//
// Those that are called for each frame of data count no references. Whoever calls the library holds the session until it
// returns; where a stream may be closed within the call, it is not looked at behind that.

@unsafe private func owner(_ data: UnsafeMutableRawPointer?) -> HTTP2Session? {
    unsafe data.map { unsafe Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
}

@unsafe private func stream(_ session: OpaquePointer?, _ id: Int32) -> HTTP2Stream? {
    unsafe nghttp2_session_get_stream_user_data(session, id)
        .map { unsafe Unmanaged<HTTP2Stream>.fromOpaque($0).takeUnretainedValue() }
}

/// The session for as long as `body` runs: the library's own is a part of it, and calls back only from calls that the
/// session makes, which whoever holds it waits for.
@unsafe @inline(__always)
private func withOwner<Result>(
    _ data: UnsafeMutableRawPointer, _ body: (HTTP2Session) -> Result
) -> Result {
    unsafe Unmanaged<HTTP2Session>.fromOpaque(data)._withUnsafeGuaranteedRef(body)
}

/// A stream for as long as `body` runs, which closes none, or ends with the call that might.
@unsafe @inline(__always)
private func withStream<Result>(
    _ pointer: UnsafeMutableRawPointer, _ body: (HTTP2Stream) -> Result
) -> Result {
    unsafe Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef(body)
}

typealias OnFrame =
    @convention(c) (OpaquePointer?, UnsafePointer<nghttp2_frame>?, UnsafeMutableRawPointer?) -> Int32

let headersBegin: OnFrame = { session, frame, data in
    guard let me = unsafe owner(data), let frame = unsafe frame else { return 0 }
    let id = unsafe frame.pointee.hd.stream_id
    if unsafe trunkline_headers_open_request(frame) != 0, me.side == .server {
        // Nobody would be told that it is over.
        guard !me.hasEnded else { return 0 }
        let stream = me.accept(id)
        let pointer = unsafe Unmanaged.passUnretained(stream).toOpaque()
        unsafe nghttp2_session_set_stream_user_data(session, id, pointer)
        // Evenly, and without regard to what the client prefers: no stream can starve another.
        var priority = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
        unsafe nghttp2_session_change_extpri_stream_priority(session, id, &priority, 1)
    } else if let stream = unsafe stream(session, id) {
        stream.block = HTTP2Fields()
        stream.blockSize = 0
    }
    return 0
}

let headerReceived:
    @convention(c) (
        OpaquePointer?, UnsafePointer<nghttp2_frame>?, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int,
        UInt8, UnsafeMutableRawPointer?
    ) -> Int32 = { session, frame, name, nameCount, value, valueCount, _, data in
        guard let me = unsafe owner(data), let frame = unsafe frame,
            let stream = unsafe stream(session, frame.pointee.hd.stream_id)
        else { return 0 }
        let fits = unsafe me.field(
            UnsafeBufferPointer(start: name, count: nameCount),
            UnsafeBufferPointer(start: value, count: valueCount), on: stream)
        return fits ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }

let dataReceived:
    @convention(c) (OpaquePointer?, UInt8, Int32, UnsafePointer<UInt8>?, Int, UnsafeMutableRawPointer?) ->
        Int32 = {
            session, _, id, bytes, count, data in
            guard let data = unsafe data else { return 0 }
            guard let pointer = unsafe nghttp2_session_get_stream_user_data(session, id),
                let bytes = unsafe bytes
            else {
                unsafe nghttp2_session_consume_connection(session, count)
                return 0
            }
            // The library points into what `receive` was given, which is the caller's to change.
            var span = unsafe MutableSpan(_unsafeStart: UnsafeMutablePointer(mutating: bytes), count: count)
            unsafe withOwner(data) { me in unsafe withStream(pointer) { stream in me.data(&span, on: stream) }
            }
            return 0
        }

let frameBegins:
    @convention(c) (OpaquePointer?, UnsafePointer<nghttp2_frame_hd>?, UnsafeMutableRawPointer?) -> Int32 = {
        _, header, data in
        guard let header = unsafe header else { return 0 }
        // Nearly all frames there are, and nothing to count.
        if unsafe header.pointee.type == UInt8(NGHTTP2_DATA.rawValue), unsafe header.pointee.length > 0 {
            return 0
        }
        guard let me = unsafe owner(data) else { return 0 }
        me.frameBegins(
            type: unsafe header.pointee.type, flags: unsafe header.pointee.flags,
            length: unsafe header.pointee.length)
        return 0
    }

let frameReceived: OnFrame = { session, frame, data in
    guard let frame = unsafe frame else { return 0 }
    let ends = unsafe trunkline_frame_ends_stream(frame) != 0
    // Nearly all frames there are: what is in them has been handed on.
    if !ends, unsafe trunkline_frame_type(frame) == Int32(NGHTTP2_DATA.rawValue) { return 0 }
    guard let me = unsafe owner(data) else { return 0 }
    let id = unsafe frame.pointee.hd.stream_id
    let stream = unsafe id > 0 ? stream(session, id) : nil
    switch unsafe UInt32(trunkline_frame_type(frame)) {
    case NGHTTP2_HEADERS.rawValue: if let stream { me.headersComplete(stream, ends: ends) }
    case NGHTTP2_DATA.rawValue: if ends, let stream { me.ended(stream) }
    case NGHTTP2_SETTINGS.rawValue: if unsafe trunkline_frame_is_ack(frame) == 0 { me.settingsReceived() }
    case NGHTTP2_GOAWAY.rawValue:
        me.receiver?.goAwayReceived(
            lastStream: unsafe trunkline_goaway_last_stream(frame),
            code: HTTP2Code(unsafe trunkline_goaway_code(frame)))
    case NGHTTP2_PING.rawValue: if unsafe trunkline_frame_is_ack(frame) != 0 { me.receiver?.pongReceived() }
    case NGHTTP2_RST_STREAM.rawValue: me.resetReceived(on: stream)
    case NGHTTP2_WINDOW_UPDATE.rawValue:
        if unsafe trunkline_window_increment(frame) < 256 { me.count { $0.emptyFrame() } }
    default: break
    }
    return 0
}

let frameSent: OnFrame = { session, frame, data in
    guard let frame = unsafe frame, unsafe trunkline_frame_type(frame) != Int32(NGHTTP2_DATA.rawValue) else {
        return 0
    }
    guard let me = unsafe owner(data) else { return 0 }
    if unsafe trunkline_frame_type(frame) == Int32(NGHTTP2_HEADERS.rawValue), me.side == .server,
        let stream = unsafe stream(session, frame.pointee.hd.stream_id)
    {
        me.headSent(stream)
    }
    // A stream that a broken frame made the library reset costs as much as one that was reset.
    if unsafe trunkline_frame_type(frame) == Int32(NGHTTP2_RST_STREAM.rawValue) {
        me.resetSent(
            on: unsafe stream(session, frame.pointee.hd.stream_id),
            HTTP2Code(unsafe trunkline_reset_code(frame)))
    }
    return 0
}

let frameNotSent:
    @convention(c) (OpaquePointer?, UnsafePointer<nghttp2_frame>?, Int32, UnsafeMutableRawPointer?) -> Int32 =
        {
            session, frame, _, data in
            guard let me = unsafe owner(data), let frame = unsafe frame else { return 0 }
            // A request that was queued when the connection stopped taking any.
            if unsafe trunkline_frame_type(frame) == Int32(NGHTTP2_HEADERS.rawValue),
                let stream = me.streams[unsafe frame.pointee.hd.stream_id], me.side == .client
            {
                me.closed(stream, .refusedStream)
            }
            return 0
        }

let streamClosed: @convention(c) (OpaquePointer?, Int32, UInt32, UnsafeMutableRawPointer?) -> Int32 = {
    _, id, code, data in
    guard let me = unsafe owner(data), let stream = me.streams[id] else { return 0 }
    me.closed(stream, HTTP2Code(code))
    return 0
}

/// How much of a stream's queue the next DATA frame takes; the bytes follow by `dataWanted`, without a copy between.
let lengthWanted:
    @convention(c) (
        OpaquePointer?, Int32, UnsafeMutablePointer<UInt8>?, Int, UnsafeMutablePointer<UInt32>?,
        UnsafeMutablePointer<nghttp2_data_source>?, UnsafeMutableRawPointer?
    ) -> Int = { _, _, _, most, flags, source, data in
        guard let data = unsafe data, let pointer = unsafe source?.pointee.ptr else {
            return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
        let piece = unsafe withOwner(data) { me in
            // The library still asks for streams that ended with their connection, and nobody keeps those.
            guard !me.hasEnded else { return HTTP2Session.Piece(count: 0, rest: .more) }
            return unsafe withStream(pointer) { stream in me.nextPiece(of: stream, most: most) }
        }
        var told: UInt32 = piece.count > 0 ? NGHTTP2_DATA_FLAG_NO_COPY.rawValue : 0
        switch piece.rest {
        case .more: if piece.count == 0 { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        case .nothing: told |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        case .end: told |= NGHTTP2_DATA_FLAG_EOF.rawValue
        }
        unsafe flags?.pointee |= told
        return piece.count
    }

let dataWanted:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<nghttp2_frame>?, UnsafePointer<UInt8>?, Int,
        UnsafeMutablePointer<nghttp2_data_source>?, UnsafeMutableRawPointer?
    ) -> Int32 = { _, _, header, count, source, data in
        guard let data = unsafe data, let header = unsafe header, let pointer = unsafe source?.pointee.ptr
        else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
        return unsafe withOwner(data) { me in
            // Nine bytes of frame header (RFC 9113, 4.1); we never ask for padding.
            unsafe me.output.append(copying: UnsafeBufferPointer(start: header, count: 9))
            unsafe withStream(pointer) { stream in me.sendPiece(of: stream, count: count) }
            // It would go on with the next frame of data else, and not come back before the last.
            return me.isOutputFull ? NGHTTP2_ERR_PAUSE.rawValue : 0
        }
    }
