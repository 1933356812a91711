internal import BasicContainers
internal import COpenSSL

/// The records of one TLS 1.3 connection after its handshake, on the server's side (RFC 8446, 5): what OpenSSL's object
/// would keep some 13 KiB for.
///
/// Records are opened where they stand in what was received, and sealed from the caller's bytes straight into the thread's
/// output. What stays while the connection is silent are the secrets of both directions.
@safe final class RecordLayer {
    /// Plaintext of small records is moved together, so that one call hands it on; larger ones have calls of their own.
    private static let smallRecord = 2_048

    private let wire: TLSWire
    private var reader: RecordReader
    private var writer: RecordWriter
    /// What has come of a record that is not complete.
    private var partial = UniqueArray<UInt8>()
    /// Sealed by OpenSSL in front of our first record; it leaves in one `send` with the first data.
    private var ticket: [UInt8]
    /// What the handshake agreed on.
    let facts: TLSFacts
    // Ours to free.
    let peerCertificate: OpaquePointer?

    init(
        _ reader: consuming RecordReader, _ writer: consuming RecordWriter, ticket: [UInt8], facts: TLSFacts,
        peerCertificate: OpaquePointer?, wire: TLSWire
    ) {
        self.reader = reader
        self.writer = writer
        self.ticket = ticket
        self.facts = facts
        unsafe self.peerCertificate = peerCertificate
        self.wire = wire
    }

    deinit { unsafe X509_free(peerCertificate) }

    /// What is held of a record that is not complete.
    var heldBytes: Int { partial.count }

    // MARK: Reading

    /// Why reading stopped before the input was used up.
    private enum End {
        case stopped, closed
        case alert(UInt8)
        case failed(RecordError)
    }

    /// Opens all records that are complete and hands their plaintext to `receiver` until it returns false. The rest of the
    /// input is kept.
    func read(
        _ input: UnsafeMutableBufferPointer<UInt8>, into receiver: any PlaintextReceiver
    ) throws(TLSError) -> OnRead {
        switch unsafe readAll(input, receiver) {
        case nil, .stopped: return .needsInput
        case .closed: return .peerClosed
        case .alert(let code): throw unsafe .alert(String(cString: trunkline_alert_name(Int32(code))))
        case .failed(let error):
            // The peer is told why, as far as it still listens.
            do throws(RecordError) {
                try sendTicket()
                try writer.alert(error.alert, to: wire)
            } catch {}
            throw .protocolViolation(error.reason)
        }
    }

    private func readAll(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ receiver: any PlaintextReceiver
    ) -> End? {
        var rest = unsafe input
        if !partial.isEmpty {
            do throws(RecordError) {
                guard unsafe try completePartial(&rest) else { return nil }
            } catch {
                return .failed(error)
            }
            // Taken out: whoever is handed its plaintext may come back here.
            var record = UniqueArray<UInt8>()
            swap(&record, &partial)
            var span = record.mutableSpan
            let end = unsafe span.withUnsafeMutableBufferPointer { unsafe readRecords($0, receiver) }
            if let end { return end }
        }
        return unsafe readRecords(rest, receiver)
    }

    /// Adds what is missing of the record that is kept, and no more: its header first, then what that says. False while
    /// it is incomplete.
    private func completePartial(
        _ input: inout UnsafeMutableBufferPointer<UInt8>
    ) throws(RecordError) -> Bool {
        while true {
            let size = try partialSize()
            let missing = (size ?? RecordLayout.header) - partial.count
            let count = min(missing, input.count)
            unsafe partial.append(copying: UnsafeBufferPointer(rebasing: input[..<count]))
            unsafe input = UnsafeMutableBufferPointer(rebasing: input[count...])
            if count < missing { return false }
            if size != nil { return true }
        }
    }

    /// Of the record that is kept, as far as its header says it.
    private func partialSize() throws(RecordError) -> Int? {
        guard partial.count >= RecordLayout.header else { return nil }
        return try RecordReader.size(type: partial[0], partial[3], partial[4])
    }

    /// Opens the records that are complete where they stand, hands on what they say, and keeps the rest. Nil when all has
    /// been used up.
    private func readRecords(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ receiver: any PlaintextReceiver
    ) -> End? {
        guard let start = input.baseAddress else { return nil }
        var position = 0
        // Plaintext that stands together and is still to be handed on.
        var run = 0..<0
        var end: End?
        do throws(RecordError) {
            while end == nil,
                let size = unsafe try RecordReader.size(start + position, available: input.count &- position),
                size <= input.count &- position
            {
                switch unsafe try reader.open(start + position, size: size) {
                case .data(let count):
                    let data = position &+ RecordLayout.header
                    if !run.isEmpty, count <= Self.smallRecord {
                        unsafe memmove(start + run.upperBound, start + data, count)
                        run = run.lowerBound..<run.upperBound &+ count
                    } else {
                        guard unsafe hand(start, run, to: receiver) else { return .stopped }
                        run = data..<data &+ count
                    }
                case .nothing: break
                case .closed: end = .closed
                case .alert(let code): end = .alert(code)
                }
                position &+= size
            }
        } catch {
            end = .failed(error)
        }
        guard unsafe hand(start, run, to: receiver) else { return .stopped }
        if end == nil, position < input.count {
            unsafe partial.append(copying: UnsafeBufferPointer(rebasing: input[position...]))
        }
        return end
    }

    private func hand(
        _ start: UnsafeMutablePointer<UInt8>, _ run: Range<Int>, to receiver: any PlaintextReceiver
    ) -> Bool {
        guard !run.isEmpty else { return true }
        // Lent for the call; the input is the caller's until it returns.
        var bytes = unsafe MutableSpan(_unsafeStart: start + run.lowerBound, count: run.count)
        return receiver.plaintextReceived(&bytes)
    }

    // MARK: Writing

    /// Seals data into the thread's output, behind what is owed before it.
    func write(_ plaintext: Span<UInt8>) throws(RecordError) {
        try sendTicket()
        if reader.wantsKeyUpdate {
            try writer.updateKey(to: wire)
            reader.keyUpdated()
        }
        try writer.write(plaintext, to: wire)
    }

    private func sendTicket() throws(RecordError) {
        guard !ticket.isEmpty else { return }
        guard wire.append(ticket.span) else { throw .internalFailure }
        ticket = []
    }

    /// Tells the peer that nothing more will come (6.1).
    func close() throws(RecordError) {
        try sendTicket()
        try writer.alert(0, to: wire)
    }
}
