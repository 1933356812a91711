internal import COpenSSL

/// Seals what we send after the handshake (RFC 8446, 5.2): each record straight into the thread's output.
package struct RecordWriter: ~Copyable {
    /// So many records carry one key. AES-GCM is good for 2^24.5 of full size (5.5).
    package static let mostRecords: UInt64 = 1 << 24

    let keys: TrafficKeys
    private let mostRecords: UInt64

    /// For records under this secret.
    ///
    /// - Parameter mostRecords: before the key is changed.
    package init(_ keys: consuming TrafficKeys, mostRecords: UInt64 = Self.mostRecords) {
        self.keys = keys
        self.mostRecords = mostRecords
    }

    /// Data, in as many records as it takes.
    package mutating func write(_ plaintext: Span<UInt8>, to wire: TLSWire) throws(RecordError) {
        var start = 0
        while start < plaintext.count {
            let end = start &+ min(plaintext.count &- start, RecordLayout.largest)
            if keys.sequence >= mostRecords { try updateKey(to: wire) }
            try seal(ContentType.data, plaintext.extracting(start..<end), to: wire)
            start = end
        }
    }

    /// KeyUpdate that asks for none in return, then the next key (4.6.3).
    package mutating func updateKey(to wire: TLSWire) throws(RecordError) {
        try seal(ContentType.handshake, ([24, 0, 0, 1, 0] as InlineArray<5, UInt8>).span, to: wire)
        guard keys.update() else { throw .internalFailure }
    }

    /// A warning for close_notify and user_canceled, else fatal (6).
    package mutating func alert(_ code: UInt8, to wire: TLSWire) throws(RecordError) {
        let level: UInt8 = code == 0 || code == 90 ? 1 : 2
        try seal(ContentType.alert, ([level, code] as InlineArray<2, UInt8>).span, to: wire)
    }

    /// One record of at most `RecordLayout.largest` bytes.
    package mutating func seal(
        _ type: UInt8, _ plaintext: Span<UInt8>, to wire: TLSWire
    ) throws(RecordError) {
        let count = plaintext.count
        guard let record = unsafe wire.reserve(count &+ RecordLayout.overhead),
            let context = unsafe keys.context(sealing: true)
        else { throw .internalFailure }
        let body = count &+ 1 &+ RecordLayout.tag
        unsafe record[0] = RecordLayout.applicationData
        unsafe record[1] = 3
        unsafe record[2] = 3
        unsafe record[3] = UInt8(truncatingIfNeeded: body &>> 8)
        unsafe record[4] = UInt8(truncatingIfNeeded: body)
        let nonce = keys.nextNonce()
        let isSealed = unsafe nonce.span.withUnsafeBufferPointer { nonce in
            unsafe plaintext.withUnsafeBufferPointer { plaintext in
                unsafe trunkline_aead_seal(
                    context, nonce.baseAddress, record, plaintext.baseAddress, Int32(count), type,
                    record + RecordLayout.header)
            }
        }
        guard isSealed == 1 else {
            ERR_clear_error()
            throw .internalFailure
        }
        wire.commit(count &+ RecordLayout.overhead)
    }
}
