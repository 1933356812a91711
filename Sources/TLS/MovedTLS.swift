internal import BasicContainers
internal import COpenSSL
internal import Synchronization

/// A TLS connection on its way from one thread to another: the values of its records where those are ours, else OpenSSL's
/// object. Nothing of the thread that it comes from is in it.
package struct MovedTLS: Sendable {
    enum Form: Sendable {
        case records(MovedRecords)
        case session(MovedObject, owesTicket: Bool)
    }

    let form: Form
    let context: ServerTLSContext
}

/// The records of one connection: what `RecordLayer` has, without its thread.
struct MovedRecords: Sendable {
    let suite: CipherSuite
    let reading: MovedSecret
    let writing: MovedSecret
    /// Our key is to be changed before the next data.
    let owesKeyUpdate: Bool
    /// Of a record that has not come in full.
    let partial: [UInt8]
    /// To leave with the first data.
    let ticket: [UInt8]
    let facts: TLSFacts
    let certificate: MovedObject?
}

/// A traffic secret and how far its records are. Wiped when it is let go of.
@safe final class MovedSecret: Sendable {
    // Unsafe: memory that is freed by hand, so that it can be wiped. Nobody writes to it but `init`.
    private nonisolated(unsafe) let bytes: UnsafeMutableBufferPointer<UInt8>
    let sequence: UInt64

    init(_ secret: Span<UInt8>, sequence: UInt64) {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: secret.count)
        for index in secret.indices { unsafe copy.initializeElement(at: index, to: secret[index]) }
        unsafe bytes = copy
        self.sequence = sequence
    }

    deinit {
        unsafe OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        unsafe bytes.deallocate()
    }

    func append(to output: inout OutputSpan<UInt8>) {
        for index in unsafe bytes.indices where output.freeCapacity > 0 { unsafe output.append(bytes[index]) }
    }

    func keys(_ suite: CipherSuite, _ ciphers: CipherPool) throws(RecordError) -> TrafficKeys {
        let buffer = unsafe UnsafeBufferPointer(bytes)
        let span = unsafe Span(_unsafeElements: buffer)
        return try TrafficKeys(suite, secret: span, sequence: sequence, ciphers: ciphers)
    }
}

/// An object of OpenSSL's that one thread lets go of and another takes; freed where none does.
final class MovedObject: Sendable {
    enum Kind: Sendable { case session, certificate }

    private let address: Mutex<UInt>
    private let kind: Kind

    @unsafe init(_ object: OpaquePointer, _ kind: Kind) {
        address = Mutex(UInt(bitPattern: object))
        self.kind = kind
    }

    deinit {
        guard let object = unsafe take() else { return }
        switch kind {
        case .session: unsafe SSL_free(object)
        case .certificate: unsafe X509_free(object)
        }
    }

    /// Shows the object, which stays here; nil where it was taken.
    @unsafe func lend<Result: Sendable>(_ body: (OpaquePointer) -> Result) -> Result? {
        address.withLock { bits in unsafe OpaquePointer(bitPattern: bits).map { unsafe body($0) } }
    }

    /// For whoever frees it; nil where it was taken.
    @unsafe func take() -> OpaquePointer? {
        let bits = address.withLock { address in
            defer { address = 0 }
            return address
        }
        return unsafe OpaquePointer(bitPattern: bits)
    }
}

extension TLSSession {
    /// Whether `MovedTLS.write` would have all of it: another process can't take OpenSSL's object.
    package var isPortable: Bool { isEstablished && records.map { !$0.reader.isAmidMessage } == true }

    /// Lets go of the connection for another thread. This is of no use from here on, and must not be in the midst of a call.
    /// Nil where it has no handshake behind it, or half a message of TLS has come.
    package func moveOut() -> MovedTLS? {
        guard isEstablished, let context = context as? ServerTLSContext else { return nil }
        if let records {
            guard let moved = records.moveOut() else { return nil }
            self.records = nil
            isEstablished = false
            return MovedTLS(form: .records(moved), context: context)
        }
        guard let object = unsafe ssl else { return nil }
        unsafe trunkline_detach_wire(object)
        unsafe trunkline_set_owner(object, nil)
        unsafe ssl = nil
        isEstablished = false
        let moved = unsafe MovedObject(object, .session)
        return MovedTLS(form: .session(moved, owesTicket: owesTicket), context: context)
    }

    /// Takes a connection that another thread has let go of.
    package convenience init(_ moved: MovedTLS, wire: TLSWire) throws(TLSError) {
        switch moved.form {
        case .records(let records):
            guard let ciphers = wire.ciphers else { throw .setup("records are not ours here") }
            do throws(RecordError) {
                let layer = try RecordLayer(records, ciphers: ciphers, wire: wire)
                self.init(records: layer, context: moved.context, wire: wire)
            } catch {
                throw .protocolViolation(error.reason)
            }
        case .session(let object, let owesTicket):
            guard let ssl = unsafe object.take() else { throw .setup("the session was taken before") }
            unsafe trunkline_attach_wire(ssl, wire.bio)
            unsafe self.init(ssl: ssl, owesTicket: owesTicket, context: moved.context, wire: wire)
        }
    }
}

extension RecordLayer {
    /// What it has, for another thread; nil amid a message of TLS.
    func moveOut() -> MovedRecords? {
        guard !reader.isAmidMessage else { return nil }
        var part: [UInt8] = []
        for index in partial.indices { part.append(partial[index]) }
        let certificate = unsafe peerCertificate
        if let certificate = unsafe certificate { unsafe X509_up_ref(certificate) }
        return MovedRecords(
            suite: reader.keys.suite, reading: reader.keys.moved, writing: writer.keys.moved,
            owesKeyUpdate: reader.wantsKeyUpdate, partial: part,
            ticket: ticket, facts: facts,
            certificate: unsafe certificate.map { unsafe MovedObject($0, .certificate) })
    }

    convenience init(_ moved: MovedRecords, ciphers: CipherPool, wire: TLSWire) throws(RecordError) {
        let reader = try RecordReader(
            moved.reading.keys(moved.suite, ciphers), wantsKeyUpdate: moved.owesKeyUpdate)
        let writer = try RecordWriter(moved.writing.keys(moved.suite, ciphers))
        unsafe self.init(
            reader, writer, ticket: moved.ticket, facts: moved.facts,
            peerCertificate: moved.certificate?.take(), wire: wire)
        partial.append(copying: moved.partial.span)
    }
}
