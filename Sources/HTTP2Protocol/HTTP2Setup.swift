internal import CNGHTTP2

extension HTTP2Library {
    /// Opens a session that calls back with `owner`.
    @unsafe static func open(
        _ side: HTTP2Side, _ owner: UnsafeMutableRawPointer, _ buffers: HTTP2Buffers
    ) throws(HTTP2Error) -> OpaquePointer {
        var callbacks: OpaquePointer?
        var option: OpaquePointer?
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0, unsafe nghttp2_option_new(&option) == 0
        else { throw .library("out of memory") }
        defer {
            unsafe nghttp2_session_callbacks_del(callbacks)
            unsafe nghttp2_option_del(option)
        }
        unsafe setCallbacks(callbacks)
        if side == .server { unsafe setAbuseCallbacks(callbacks) }
        // Windows are given back as the streams' owners consume: flow control is the back-pressure.
        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        // Closed streams would be kept for the sake of priorities, which nobody gets here.
        unsafe nghttp2_option_set_no_closed_streams(option, 1)
        unsafe nghttp2_option_set_max_send_header_block_length(option, 256 * 1024)
        var session: OpaquePointer?
        // Of the thread: what one session's frames have left is for the next, whichever session that is of.
        var memory = unsafe trunkline_frame_allocator(buffers.frames)
        let result =
            switch side {
            case .server: unsafe nghttp2_session_server_new3(&session, callbacks, owner, option, &memory)
            case .client: unsafe nghttp2_session_client_new3(&session, callbacks, owner, option, &memory)
            }
        guard result == 0, let session = unsafe session else { throw .library("out of memory") }
        return unsafe session
    }

    @unsafe private static func setCallbacks(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, headersBegin)
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, headerReceived)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, dataReceived)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frameReceived)
        unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, frameNotSent)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, streamClosed)
        unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks, dataWanted)
    }

    /// What counts single frames, which costs something with each of them. Backends are trusted not to be abusive.
    @unsafe private static func setAbuseCallbacks(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, frameBegins)
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frameSent)
    }

    @unsafe static func provider(of stream: UnsafeMutableRawPointer) -> nghttp2_data_provider {
        var provider = unsafe nghttp2_data_provider()
        unsafe provider.source.ptr = stream
        unsafe provider.read_callback = lengthWanted
        return unsafe provider
    }

    /// Lends the fields in the library's form; it copies them.
    @unsafe static func withLines<Result>(
        _ fields: HTTP2Fields, behind first: nghttp2_nv? = nil,
        _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result
    ) -> Result {
        // The pointers into the buffer are used only within `body`. The library never writes through them.
        unsafe fields.bytes.withUnsafeBufferPointer { bytes in
            let base = unsafe UnsafeMutablePointer(mutating: bytes.baseAddress)
            var lines = unsafe [nghttp2_nv]()
            unsafe lines.reserveCapacity(fields.count + 1)
            if let first = unsafe first { unsafe lines.append(first) }
            for line in fields.lines {
                let isSecret = HTTP2Session.isSecret(fields.bytes[line.start..<line.middle])
                unsafe lines.append(
                    nghttp2_nv(
                        name: base?.advanced(by: line.start), value: base?.advanced(by: line.middle),
                        namelen: line.middle - line.start, valuelen: line.end - line.middle,
                        flags: UInt8(isSecret ? NGHTTP2_NV_FLAG_NO_INDEX.rawValue : 0)))
            }
            return unsafe lines.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
        }
    }

    /// The same of a whole head, whose status goes first (RFC 9113, 8.3).
    @unsafe static func withLines<Result>(
        _ head: HTTP2ResponseHead, _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result
    ) -> Result {
        // Name and value stand in one text, which is lent as the fields are.
        var text = ":status" + String(head.status)
        return text.withUTF8 { text in
            let name = unsafe UnsafeMutablePointer(mutating: text.baseAddress)
            let status = unsafe nghttp2_nv(
                name: name, value: name?.advanced(by: 7), namelen: 7, valuelen: text.count - 7, flags: 0)
            return unsafe withLines(head.fields, behind: status, body)
        }
    }
}

extension HTTP2Session {
    /// What must not enter the compression table, where others on the same connection could probe for it
    /// (RFC 7541, 7.1.3).
    static func isSecret(_ name: ArraySlice<UInt8>) -> Bool {
        switch name.count {
        case 6: name.elementsEqual("cookie".utf8)
        case 10: name.elementsEqual("set-cookie".utf8)
        case 13: name.elementsEqual("authorization".utf8)
        default: false
        }
    }

    /// Our settings, and a connection window that is larger than the protocol's 64 KiB.
    func announce() throws(HTTP2Error) {
        var settings: [nghttp2_settings_entry] = []
        func add(_ id: UInt32, _ value: Int) {
            settings.append(nghttp2_settings_entry(settings_id: Int32(id), value: UInt32(clamping: value)))
        }
        add(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue, min(options.streamWindow, Int(Int32.max)))
        add(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue, options.maxHeaderList)
        switch side {
        case .server:
            add(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue, options.maxStreams)
            // RFC 9218, 2.1: streams share the connection evenly, whatever the client's priorities.
            add(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue, 1)
            if options.enablesConnect { add(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL.rawValue, 1) }
        case .client:
            add(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue, 0)
        }
        let result = unsafe nghttp2_submit_settings(session, 0, settings, settings.count)
        guard result == 0 else { throw .library(unsafe String(cString: nghttp2_strerror(result))) }
        unsafe nghttp2_session_set_local_window_size(session, 0, 0, Int32(clamping: options.connectionWindow))
    }
}
