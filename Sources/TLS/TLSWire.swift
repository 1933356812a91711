internal import COpenSSL

/// The ciphertext and plaintext scratch of one thread, and the BIO over it that all sessions of the thread share.
///
/// OpenSSL never sees a socket: it reads from the bytes lent by `TLSSession.withInput` and writes into an output that
/// the caller takes with `takeOutput`. An idle session therefore holds no buffer (rule 2 of the data plane).
@safe package final class TLSWire {
    /// A record's plaintext at most (RFC 8446, 5.1).
    static let recordSize = 16_384
    /// What one call to `TLSSession.read` delivers at most: 128 KiB of ciphertext hold less.
    static let plaintextCapacity = 144 * 1024

    // One for all: OpenSSL has few numbers for kinds of BIO, and a method has to outlive every BIO made by it.
    private nonisolated(unsafe) static let method: OpaquePointer? = unsafe trunkline_wire_method()

    // C memory because OpenSSL's BIO keeps its address.
    let wire: UnsafeMutablePointer<trunkline_wire>
    let bio: OpaquePointer
    let plaintext: UnsafeMutablePointer<UInt8>
    /// Of the handshake step that is under way; wiped after it.
    let told: UnsafeMutablePointer<trunkline_secrets>

    /// For the records of TLS 1.3, which are ours after the handshake; nil = all of TLS is OpenSSL's.
    let ciphers: CipherPool?
    /// Gets each secret of a client's handshake as a line of the key log format, where the context tells them: when an
    /// operator wants to read the traffic.
    package var onSecret: ((Span<UInt8>) -> Void)?

    /// One for each thread that runs TLS sessions.
    ///
    /// - Parameter ownsRecords: false leaves records to OpenSSL, for comparison.
    package init(ownsRecords: Bool = true) throws(TLSError) {
        ciphers = ownsRecords ? try CipherPool() : nil
        guard let method = unsafe Self.method else { throw .setup("cannot make a BIO method") }
        guard let bio = unsafe BIO_new(method) else { throw .setupFromQueue("cannot make a BIO") }
        unsafe told = .allocate(capacity: 1)
        unsafe told.initialize(to: trunkline_secrets())
        unsafe wire = .allocate(capacity: 1)
        unsafe wire.initialize(to: trunkline_wire())
        unsafe plaintext = .allocate(capacity: Self.plaintextCapacity)
        unsafe self.bio = bio
        unsafe BIO_set_data(bio, wire)
        unsafe BIO_set_init(bio, 1)
    }

    deinit {
        unsafe BIO_free(bio)
        unsafe free(wire.pointee.output)
        unsafe wire.deallocate()
        unsafe plaintext.deallocate()
        unsafe told.deallocate()
    }

    /// Bytes of ciphertext that are to be sent.
    package var outputCount: Int { unsafe wire.pointee.output_count }

    /// Whether there is ciphertext to be sent.
    package var hasOutput: Bool { unsafe wire.pointee.output_count > 0 }

    /// Room for so much more output; nil where memory is lacking.
    @unsafe func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
        guard unsafe trunkline_wire_reserve(wire, count) == 1, let output = unsafe wire.pointee.output
        else { return nil }
        return unsafe output + wire.pointee.output_count
    }

    /// Adds ciphertext that was sealed before; false where memory is lacking.
    func append(_ bytes: Span<UInt8>) -> Bool {
        guard let room = unsafe reserve(bytes.count) else { return false }
        for index in 0..<bytes.count { unsafe room[index] = bytes[index] }
        commit(bytes.count)
        return true
    }

    /// Takes back what was put into the output behind its first bytes.
    func takeTail(from start: Int) -> [UInt8] {
        guard let output = unsafe wire.pointee.output, start < outputCount else { return [] }
        let tail = unsafe Array(UnsafeBufferPointer(start: output + start, count: outputCount - start))
        unsafe wire.pointee.output_count = start
        return tail
    }

    /// So much of what was reserved has been written.
    @inline(__always)
    func commit(_ count: Int) { unsafe wire.pointee.output_count &+= count }

    /// Frees the cipher contexts that were not used since the last call: what is silent keeps its secrets only.
    package func trim() { ciphers?.trim() }

    /// Hands the ciphertext produced since the last call to `body`, and forgets it.
    package func takeOutput(_ body: (Span<UInt8>) -> Void) {
        let count = unsafe wire.pointee.output_count
        guard count > 0, let start = unsafe wire.pointee.output else { return }
        // Cleared first: `body` must find an empty output should it come back here. The bytes stay in place.
        unsafe wire.pointee.output_count = 0
        body(unsafe Span(_unsafeStart: UnsafePointer(start), count: count))
    }
}
