internal import COpenSSL

/// The records of a connection where they are OpenSSL's: what `RecordLayer` is where they are ours. Borrows the session's
/// object for one call.
@safe struct OpenSSLRecords {
    private let ssl: OpaquePointer
    private let wire: TLSWire

    @unsafe init(_ ssl: OpaquePointer, over wire: TLSWire) {
        unsafe self.ssl = ssl
        self.wire = wire
    }

    /// Decrypts all records that are complete and hands their plaintext to `receiver` until it returns false.
    func read(into receiver: any PlaintextReceiver) throws(TLSError) -> OnRead {
        while true {
            var filled = 0
            let end = try fill(&filled)
            if filled > 0, !hand(filled, to: receiver) { return .needsInput }
            if let end { return end }
        }
    }

    private func hand(_ count: Int, to receiver: any PlaintextReceiver) -> Bool {
        // The scratch is the thread's; nothing reads into it before the receiver returns.
        var bytes = unsafe MutableSpan(_unsafeStart: wire.plaintext, count: count)
        return receiver.plaintextReceived(&bytes)
    }

    /// Reads records while one more fits; nil when the scratch is full.
    private func fill(_ filled: inout Int) throws(TLSError) -> OnRead? {
        while TLSWire.plaintextCapacity - filled >= TLSWire.recordSize {
            trunkline_clear_errors()
            let count = unsafe SSL_read(
                ssl, wire.plaintext + filled, Int32(TLSWire.plaintextCapacity - filled))
            if count > 0 {
                filled += Int(count)
                // OpenSSL reads no further than the record: to ask again would only be told so.
                if unsafe wire.wire.pointee.input_count == 0 && SSL_pending(ssl) == 0 { return .needsInput }
                continue
            }
            switch unsafe SSL_get_error(ssl, count) {
            case SSL_ERROR_WANT_READ: return .needsInput
            case SSL_ERROR_ZERO_RETURN: return .peerClosed
            default:
                if filled > 0 { return .needsInput }
                throw .fromQueue("record could not be read")
            }
        }
        return nil
    }

    /// Encrypts into the wire's output.
    ///
    /// - Parameter bringsTicket: a ticket goes before the data.
    func write(_ plaintext: Span<UInt8>, bringsTicket: Bool) throws(TLSError) {
        trunkline_clear_errors()
        if bringsTicket {
            // Leaves in one `send` with the data. Every session gets one, since clients use each once (RFC 8446, C.4).
            // Below TLS 1.3 this does nothing: there the handshake itself brings the ticket.
            _ = unsafe SSL_new_session_ticket(ssl)
        }
        let written = unsafe plaintext.withUnsafeBytes { raw in
            unsafe SSL_write(ssl, raw.baseAddress, Int32(clamping: raw.count))
        }
        // The wire takes everything, so a write is whole or an error.
        guard Int(written) == plaintext.count else { throw .fromQueue("record could not be written") }
        // To send the ticket OpenSSL has made buffers as for a handshake, and would keep one of 16 KiB for reading until
        // the peer sends something. It keeps it still where a record has begun to come.
        if bringsTicket { _ = unsafe SSL_free_buffers(ssl) }
    }

    /// Puts close_notify into the output.
    func close() {
        trunkline_clear_errors()
        _ = unsafe SSL_shutdown(ssl)
        // Alerts keep the record buffer that data gives back: when thousands of sessions are closed at once, each would
        // hold 16 KiB until its peer has ended too.
        _ = unsafe SSL_free_buffers(ssl)
        trunkline_clear_errors()
    }
}
