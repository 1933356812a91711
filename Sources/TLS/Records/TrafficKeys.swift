internal import COpenSSL

/// The traffic secret of one direction and what follows from it (RFC 8446, 7.1 to 7.3).
///
/// It lives in memory of its own, so that no copy stays behind when it moves, and is wiped when it is let go of.
@safe package struct TrafficKeys: ~Copyable {
    struct Values {
        var secret = InlineArray<48, UInt8>(repeating: 0)
        var key = InlineArray<32, UInt8>(repeating: 0)
        var iv = InlineArray<12, UInt8>(repeating: 0)
        /// Of the next record.
        var sequence: UInt64 = 0
        /// When the direction had its last record, by the pool's count; 0 = it had none.
        var lastRecord: UInt64 = 0
        /// Where the pool has a cipher context with this key: ours as long as the ticket is the slot's.
        var slot = 0
        var ticket: UInt64 = 0
    }

    let suite: CipherSuite
    private let ciphers: CipherPool
    // Unsafe: memory that is freed by hand, so that it can be wiped. It has one owner.
    let values: UnsafeMutablePointer<Values>

    /// Derives key and IV from a traffic secret; throws where it has not the suite's size, or where OpenSSL fails.
    ///
    /// - Parameter sequence: of the next record, where some have gone already.
    package init(
        _ suite: CipherSuite, secret: Span<UInt8>, sequence: UInt64 = 0, ciphers: CipherPool
    ) throws(RecordError) {
        self.suite = suite
        self.ciphers = ciphers
        unsafe values = Self.allocate(secret, sequence)
        guard secret.count == suite.secretSize, derive() else { throw .internalFailure }
    }

    /// With the key and the IV that were told with the secret, which saves to derive them.
    init(
        _ suite: CipherSuite, _ told: borrowing HandshakeSecrets.Secret, sequence: UInt64 = 0,
        ciphers: CipherPool
    ) throws(RecordError) {
        self.suite = suite
        self.ciphers = ciphers
        unsafe values = Self.allocate(told.bytes.span.extracting(0..<told.count), sequence)
        guard told.count == suite.secretSize else { throw .internalFailure }
        if told.keyCount == suite.keySize, told.ivCount == 12 {
            unsafe values.pointee.key = told.key
            unsafe values.pointee.iv = told.iv
        } else if !derive() {
            throw .internalFailure
        }
    }

    private static func allocate(
        _ secret: Span<UInt8>, _ sequence: UInt64
    ) -> UnsafeMutablePointer<Values> {
        let values = UnsafeMutablePointer<Values>.allocate(capacity: 1)
        unsafe values.initialize(to: Values())
        for index in 0..<min(secret.count, 48) { unsafe values.pointee.secret[index] = secret[index] }
        unsafe values.pointee.sequence = sequence
        return unsafe values
    }

    deinit {
        ciphers.release(self)
        unsafe OPENSSL_cleanse(values, MemoryLayout<Values>.size)
        unsafe values.deallocate()
    }

    /// Of the next record.
    package var sequence: UInt64 { unsafe values.pointee.sequence }

    /// Where the values lie.
    var place: UInt { unsafe UInt(bitPattern: values) }

    /// For another thread.
    var moved: MovedSecret {
        unsafe MovedSecret(
            values.pointee.secret.span.extracting(0..<suite.secretSize), sequence: values.pointee.sequence)
    }

    /// Copies of the key and of the IV, to compare them with known ones.
    package var derived: (key: [UInt8], iv: [UInt8]) {
        (
            (0..<suite.keySize).map { unsafe values.pointee.key[$0] },
            (0..<12).map { unsafe values.pointee.iv[$0] }
        )
    }

    private borrowing func derive() -> Bool {
        unsafe ciphers.expand(suite, values.pointee.secret.span, "key", suite.keySize) { key in
            for index in 0..<key.count { unsafe values.pointee.key[index] = key[index] }
        }
            && ciphers.expand(suite, values.pointee.secret.span, "iv", 12) { iv in
                for index in 0..<iv.count { unsafe values.pointee.iv[index] = iv[index] }
            }
    }

    /// Goes on to the next generation of the secret (7.2); false where OpenSSL fails.
    package borrowing func update() -> Bool {
        ciphers.release(self)
        unsafe values.pointee.sequence = 0
        let isNext = unsafe ciphers.expand(
            suite, values.pointee.secret.span, "traffic upd", suite.secretSize
        ) { secret in
            for index in 0..<secret.count { unsafe values.pointee.secret[index] = secret[index] }
        }
        return isNext && derive()
    }

    /// The nonce of the next record, which is counted (5.3).
    @inline(__always)
    borrowing func nextNonce() -> InlineArray<12, UInt8> {
        let sequence = unsafe values.pointee.sequence
        unsafe values.pointee.sequence = sequence &+ 1
        var nonce = unsafe values.pointee.iv
        for index in 0..<8 {
            nonce[11 &- index] ^= UInt8(truncatingIfNeeded: sequence &>> UInt64(index &* 8))
        }
        return nonce
    }

    /// A cipher context with this key.
    @inline(__always)
    borrowing func context(sealing: Bool) -> OpaquePointer? { unsafe ciphers.context(self, sealing: sealing) }
}
