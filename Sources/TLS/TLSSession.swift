internal import COpenSSL

/// What has become of a handshake.
package enum OnHandshake: Equatable {
    case needsInput
    case finished
}

/// Why `read` stopped.
package enum OnRead: Equatable {
    /// All input is used up.
    case needsInput
    /// The peer has sent close_notify: nothing more will come.
    case peerClosed
}

/// Takes what a session decrypts: a connection, which this module does not know.
package protocol PlaintextReceiver: AnyObject {
    /// The bytes may be changed in place and are gone after the call. False stops reading, as when the session was
    /// closed by what it read.
    func plaintextReceived(_ bytes: inout MutableSpan<UInt8>) -> Bool
}

/// One TLS connection (RFC 8446, RFC 5246) as a value without a socket: ciphertext in, plaintext out, and back.
///
/// It has two forms. OpenSSL performs every handshake; after one of TLS 1.3 on the server's side the records are ours: the
/// traffic secrets are taken over, and OpenSSL's object, which is twenty times their size, is freed. TLS 1.2 and
/// connections to backends stay with OpenSSL. Users see no difference.
///
/// It is bound to the thread of its `TLSWire`. Every OpenSSL call that is classified is preceded by `trunkline_clear_errors`:
/// the error queue is the thread's, and another session's leftovers must not be taken for this one's.
@safe package final class TLSSession {
    /// Nil once records are ours.
    var ssl: OpaquePointer?
    private let wire: TLSWire
    // The context must outlive its sessions' callbacks, which point to it.
    let context: AnyObject
    /// A client of ours is to get a ticket with the first data.
    private(set) var owesTicket: Bool
    /// Whether application data may flow.
    package internal(set) var isEstablished = false
    /// While a handshake is under way whose records may become ours.
    private var secrets: HandshakeSecrets?
    var records: RecordLayer? { didSet { unsafe borrowed = records.map(Unmanaged.passUnretained) } }
    // The same for what is done with every message: not retained for the call. `records` holds it as long as there is a session,
    // which whoever calls holds; `moveOut` alone takes it away, and is not called from inside another call.
    private var borrowed: Unmanaged<RecordLayer>?

    /// The server's side.
    package init(server context: ServerTLSContext, wire: TLSWire) throws(TLSError) {
        trunkline_clear_errors()
        guard let ssl = unsafe SSL_new(context.defaultContext) else { throw .setupFromQueue("SSL_new") }
        unsafe self.ssl = ssl
        self.wire = wire
        self.context = context
        owesTicket = true
        unsafe trunkline_attach_wire(ssl, wire.bio)
        unsafe SSL_set_accept_state(ssl)
        // Unretained: the callback runs inside calls to this object only.
        if wire.onSecret != nil {
            unsafe trunkline_set_owner(ssl, Unmanaged.passUnretained(self).toOpaque())
        }
        // In one go with the handshake a ticket costs least, and it is taken out of the output again.
        if wire.ciphers != nil { unsafe SSL_set_num_tickets(ssl, 1) }
    }

    /// The client's side, towards a backend.
    ///
    /// - Parameter protocols: offered by ALPN; nil = the context's.
    package init(client context: ClientTLSContext, wire: TLSWire, protocols: [String]? = nil)
        throws(TLSError)
    {
        trunkline_clear_errors()
        guard let ssl = unsafe SSL_new(context.context) else { throw .setupFromQueue("SSL_new") }
        unsafe self.ssl = ssl
        self.wire = wire
        self.context = context
        owesTicket = false
        unsafe trunkline_attach_wire(ssl, wire.bio)
        unsafe SSL_set_connect_state(ssl)
        if let protocols {
            let wire = protocols.flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
            unsafe SSL_set_alpn_protos(ssl, wire, UInt32(clamping: wire.count))
        }
        unsafe try context.prepare(ssl)
    }

    /// An established one that came from another thread.
    init(records: RecordLayer, context: ServerTLSContext, wire: TLSWire) {
        self.records = records
        unsafe borrowed = Unmanaged.passUnretained(records)
        self.context = context
        self.wire = wire
        owesTicket = false
        isEstablished = true
    }

    /// The same where records are OpenSSL's.
    @unsafe init(ssl: OpaquePointer, owesTicket: Bool, context: ServerTLSContext, wire: TLSWire) {
        unsafe self.ssl = ssl
        self.context = context
        self.wire = wire
        self.owesTicket = owesTicket
        isEstablished = true
    }

    deinit { unsafe SSL_free(ssl) }

    /// Whether records are ours and OpenSSL's object is gone.
    package var ownsRecords: Bool { records != nil }

    /// Bytes of a record that has not come in full, where records are ours.
    package var heldBytes: Int { records?.heldBytes ?? 0 }

    /// Whether some of what is lent has not been looked at.
    package var hasInput: Bool { unsafe wire.wire.pointee.input_count > 0 }

    /// Lends ciphertext for the calls made inside `body`, which may decrypt it in place; what they leave unread is lost, so
    /// read until `.needsInput`.
    package func withInput(
        _ ciphertext: inout MutableSpan<UInt8>, _ body: () throws(TLSError) -> Void
    ) throws(TLSError) {
        // Saved and restored: `body` may reach another session of this thread.
        let saved = unsafe (wire.wire.pointee.input, wire.wire.pointee.input_count)
        defer {
            unsafe wire.wire.pointee.input = saved.0
            unsafe wire.wire.pointee.input_count = saved.1
        }
        // The pointer is used only while `body` runs, within the span's lifetime.
        let buffer = unsafe ciphertext.withUnsafeMutableBufferPointer { unsafe $0 }
        unsafe wire.wire.pointee.input = buffer.baseAddress
        unsafe wire.wire.pointee.input_count = buffer.count
        try body()
    }

    /// Goes on with the handshake; output may have to be sent afterwards, also after an error (an alert).
    package func handshake() throws(TLSError) -> OnHandshake {
        guard let ssl = unsafe ssl else { return .finished }
        trunkline_clear_errors()
        let before = wire.outputCount
        let result = unsafe step(ssl)
        if result == 1 {
            isEstablished = true
            // A proof for an authority, after which nothing comes (RFC 8737, 3).
            if applicationProtocol == ALPNChallenges.protocolName { owesTicket = false }
            unsafe takeOver(ssl, before)
            return .finished
        }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .needsInput
        default: throw unsafe handshakeError(ssl)
        }
    }

    private func step(_ ssl: OpaquePointer) -> Int32 {
        guard wire.ciphers != nil, owesTicket else { return unsafe SSL_do_handshake(ssl) }
        let result = unsafe KeySchedule.telling(wire.told) { unsafe SSL_do_handshake(ssl) }
        if unsafe wire.told.pointee.client.count | wire.told.pointee.server.count > 0 {
            let secrets = self.secrets ?? HandshakeSecrets()
            self.secrets = secrets
            unsafe secrets.take(wire.told)
        }
        return result
    }

    private func handshakeError(_ ssl: OpaquePointer) -> TLSError {
        let verdict = unsafe SSL_get_verify_result(ssl)
        let error = TLSError.fromQueue("handshake failed")
        if case .certificateRejected = error, verdict != X509_V_OK {
            return unsafe .certificateRejected(String(cString: X509_verify_cert_error_string(verdict)))
        }
        return error
    }

    // MARK: The change of hands

    /// A line of the key log format, while OpenSSL makes a handshake's secrets.
    fileprivate func secretTold(_ line: Span<UInt8>) { wire.onSecret?(line) }

    /// Makes the records ours where they can be. Whatever is missing, OpenSSL goes on with them.
    private func takeOver(_ ssl: OpaquePointer, _ before: Int) {
        let secrets = self.secrets.take()
        guard let ciphers = wire.ciphers, owesTicket, let secrets, secrets.isComplete,
            unsafe SSL_version(ssl) == TLS1_3_VERSION,
            let cipher = unsafe SSL_get_current_cipher(ssl),
            let suite = unsafe CipherSuite(rawValue: SSL_CIPHER_get_protocol_id(cipher)),
            let ticket = unsafe takeTicket(ssl, before)
        else { return }
        do throws(RecordError) {
            let reading = try TrafficKeys(suite, secrets.client, ciphers: ciphers)
            let writing = try TrafficKeys(suite, secrets.server, sequence: ticket.records, ciphers: ciphers)
            let peer = unsafe SSL_get0_peer_certificate(ssl)
            if let peer = unsafe peer { unsafe X509_up_ref(peer) }
            records = unsafe RecordLayer(
                RecordReader(reading), RecordWriter(writing), ticket: ticket.bytes, facts: TLSFacts(of: ssl),
                peerCertificate: peer, wire: wire)
            unsafe self.ssl = nil
            unsafe SSL_free(ssl)
        } catch {
            // The ticket is OpenSSL's first record: without it the next one could not be opened.
            _ = wire.append(ticket.bytes.span)
        }
    }

    /// Takes the ticket (RFC 8446, 4.6.1) out of the output: it is all that the handshake's last step has put there. One
    /// that the step has not made is made now. Nil where it can't be told how many records it took.
    private func takeTicket(_ ssl: OpaquePointer, _ before: Int) -> SealedTicket? {
        owesTicket = false
        if wire.outputCount == before, unsafe SSL_new_session_ticket(ssl) == 1 {
            guard unsafe SSL_do_handshake(ssl) == 1 else {
                trunkline_clear_errors()
                return nil
            }
        }
        return SealedTicket(wire.takeTail(from: before))
    }

    // MARK: Reading

    /// Decrypts all records that are complete and hands their plaintext to `receiver`, in as few pieces as may be, until
    /// the receiver returns false.
    package func read(into receiver: any PlaintextReceiver) throws(TLSError) -> OnRead {
        if let borrowed = unsafe borrowed {
            let input = unsafe UnsafeMutableBufferPointer(
                start: wire.wire.pointee.input, count: wire.wire.pointee.input_count)
            unsafe wire.wire.pointee.input_count = 0
            return try unsafe borrowed._withUnsafeGuaranteedRef { records in
                Result { () throws(TLSError) in unsafe try records.read(input, into: receiver) }
            }.get()
        }
        guard let ssl = unsafe ssl else { return .needsInput }
        return try unsafe OpenSSLRecords(ssl, over: wire).read(into: receiver)
    }

    // MARK: Writing

    /// Encrypts into the wire's output. Give it at most some 128 KiB at a time, so that the output stays small.
    package func write(_ plaintext: Span<UInt8>) throws(TLSError) {
        guard plaintext.count > 0 else { return }
        if let borrowed = unsafe borrowed {
            let failure: RecordError? = unsafe borrowed._withUnsafeGuaranteedRef { records in
                do throws(RecordError) { try records.write(plaintext) } catch { return error }
                return nil
            }
            if let failure { throw .protocolViolation(failure.reason) }
            return
        }
        guard let ssl = unsafe ssl else { return }
        let bringsTicket = owesTicket
        owesTicket = false
        try unsafe OpenSSLRecords(ssl, over: wire).write(plaintext, bringsTicket: bringsTicket)
    }

    /// Puts close_notify into the output: what follows is an end, not a truncation (RFC 8446, 6.1).
    package func sendCloseNotify() {
        guard isEstablished else { return }
        if let records {
            // A peer that can't be told sees a truncation, which is what it is then.
            do throws(RecordError) { try records.close() } catch {}
            return
        }
        if let ssl = unsafe ssl { unsafe OpenSSLRecords(ssl, over: wire).close() }
    }

    /// Where in memory `write` looks, as addresses and bytes; they are for nothing but to fetch it beforehand.
    package func eachWrittenPlace(_ body: (_ start: UInt, _ bytes: Int) -> Void) {
        body(unsafe UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()), 80)
        records?.eachWrittenPlace(body)
    }

    // MARK: What was agreed on

    /// Borrowed from the session.
    @unsafe var peerCertificate: OpaquePointer? {
        if let records { return unsafe records.peerCertificate }
        return unsafe SSL_get0_peer_certificate(ssl)
    }

    /// Version, cipher and names, for logs and forwarded fields.
    package var facts: TLSFacts {
        if let records { return records.facts }
        return unsafe TLSFacts(of: ssl)
    }

    /// The version, and whether an earlier session was resumed.
    package var summary: (version: String, isResumed: Bool) {
        if let records { return (records.facts.version, records.facts.isResumed) }
        return unsafe (TLSFacts.version(of: ssl), TLSFacts.isResumed(ssl))
    }

    /// The protocol chosen by ALPN.
    package var applicationProtocol: String? {
        if let records { return records.facts.applicationProtocol }
        return unsafe TLSFacts.applicationProtocol(of: ssl)
    }
}

/// OpenSSL tells a secret of a handshake that is under way.
let tellSecret: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> Void = { ssl, line in
    guard let owner = unsafe trunkline_owner(ssl), let line = unsafe line else { return }
    let session = unsafe Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue()
    let count = unsafe strlen(line)
    // The line is OpenSSL's, which wipes it after the call.
    unsafe line.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
        session.secretTold(unsafe Span(_unsafeStart: bytes, count: count))
    }
}
