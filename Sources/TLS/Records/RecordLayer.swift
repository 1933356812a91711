internal import BasicContainers
internal import COpenSSL

/// The records of one TLS 1.3 connection after its handshake, on the server's side (RFC 8446, 5): what OpenSSL's object
/// would keep some 13 KiB for.
///
/// A record is opened where it stands in what was received (several of one read go into the thread's scratch, so that they
/// are handed on together), and sealed from the caller's bytes straight into the thread's output. What stays while the connection is silent are the secrets of both directions.
@safe package final class RecordLayer {
    // What each write looks at stands together.
    private let wire: TLSWire
    private(set) var writer: RecordWriter
    /// What has come of a record that is not complete.
    var partial = UniqueArray<UInt8>()
    /// Sealed by OpenSSL in front of our first record; it leaves in one `send` with the first data.
    private(set) var ticket: [UInt8]
    private(set) var reader: RecordReader
    /// What the handshake agreed on.
    package let facts: TLSFacts
    // Ours to free.
    let peerCertificate: OpaquePointer?

    @unsafe init(
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

    /// Without a handshake before it, as tests want it.
    package init(
        _ reader: consuming RecordReader, _ writer: consuming RecordWriter, ticket: [UInt8] = [],
        wire: TLSWire
    ) {
        self.reader = reader
        self.writer = writer
        self.ticket = ticket
        self.wire = wire
        unsafe peerCertificate = nil
        facts = TLSFacts(
            version: "TLSv1.3", serverName: nil, applicationProtocol: nil, isResumed: false)
    }

    deinit { unsafe X509_free(peerCertificate) }

    /// What is held of a record that is not complete.
    package var heldBytes: Int { partial.count }

    // MARK: Reading

    /// Why reading stopped before the input was used up.
    private enum End {
        case stopped, closed
        case alert(UInt8)
        case failed(RecordError)
    }

    /// Opens all records that are complete and hands their plaintext to `receiver` until it returns false. The rest of the
    /// input is kept.
    @unsafe func read(
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

    /// The same for bytes in safe hands.
    package func read(
        _ ciphertext: inout MutableSpan<UInt8>, into receiver: any PlaintextReceiver
    ) throws(TLSError) -> OnRead {
        let input = unsafe ciphertext.withUnsafeMutableBufferPointer { unsafe $0 }
        return unsafe try read(input, into: receiver)
    }

    private func readAll(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ receiver: any PlaintextReceiver
    ) -> End? {
        if partial.isEmpty, unsafe holdsOneRecord(input) { return unsafe readOne(input, receiver) }
        var rest = unsafe input
        var end: End?
        repeat {
            var run = 0
            end = unsafe gather(&rest, &run)
            guard unsafe hand(wire.plaintext, run, to: receiver) else { return .stopped }
        } while end == nil && rest.count > 0
        return end
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

    private func holdsOneRecord(_ input: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        guard input.count >= RecordLayout.header else { return false }
        return unsafe Int(input[3]) &<< 8 | Int(input[4]) == input.count &- RecordLayout.header
    }

    /// The usual case: a record is opened where it stands, and handed on from there.
    private func readOne(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ receiver: any PlaintextReceiver
    ) -> End? {
        guard let record = input.baseAddress else { return nil }
        do throws(RecordError) {
            guard let size = unsafe try RecordReader.size(record, available: input.count) else { return nil }
            let plaintext = unsafe record + RecordLayout.header
            switch unsafe try reader.open(record, size: size, into: plaintext) {
            case .data(let count): return unsafe hand(plaintext, count, to: receiver) ? nil : .stopped
            case .nothing: return nil
            case .closed: return .closed
            case .alert(let code): return .alert(code)
            }
        } catch {
            return .failed(error)
        }
    }

    /// Opens records into the thread's scratch while they are complete and another fits: one call hands on all that a
    /// read has brought. A rest that is no whole record is kept.
    private func gather(_ input: inout UnsafeMutableBufferPointer<UInt8>, _ run: inout Int) -> End? {
        do throws(RecordError) {
            if !partial.isEmpty {
                guard unsafe try completePartial(&input) else { return nil }
                var record = UniqueArray<UInt8>()
                swap(&record, &partial)
                var span = record.mutableSpan
                let bytes = unsafe span.withUnsafeMutableBufferPointer { unsafe $0 }
                if let end = unsafe try openAll(bytes, &run).end { return end }
            }
            let (used, end) = unsafe try openAll(input, &run)
            unsafe input = UnsafeMutableBufferPointer(rebasing: input[used...])
            if let end { return end }
            let isWhole = unsafe try wholeRecord(input, at: 0) != nil
            guard !isWhole else { return nil }
            unsafe partial.append(copying: UnsafeBufferPointer(input))
            unsafe input = UnsafeMutableBufferPointer(rebasing: input[input.count...])
            return nil
        } catch {
            return .failed(error)
        }
    }

    /// The size of the record that begins here, where all of it is there.
    private func wholeRecord(
        _ input: UnsafeMutableBufferPointer<UInt8>, at position: Int
    ) throws(RecordError) -> Int? {
        guard let start = input.baseAddress else { return nil }
        let rest = input.count &- position
        guard let size = unsafe try RecordReader.size(start + position, available: rest), size <= rest else {
            return nil
        }
        return size
    }

    /// How much was opened into the scratch, and what ended it before a record that is incomplete or has no room.
    private func openAll(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ run: inout Int
    ) throws(RecordError) -> (used: Int, end: End?) {
        guard let start = input.baseAddress else { return (0, nil) }
        var position = 0
        while let size = unsafe try wholeRecord(input, at: position), run &+ size <= TLSWire.plaintextCapacity
        {
            switch unsafe try reader.open(start + position, size: size, into: wire.plaintext + run) {
            case .data(let count): run &+= count
            case .nothing: break
            case .closed: return (position, .closed)
            case .alert(let code): return (position, .alert(code))
            }
            position &+= size
        }
        return (position, nil)
    }

    private func hand(
        _ start: UnsafeMutablePointer<UInt8>, _ count: Int, to receiver: any PlaintextReceiver
    ) -> Bool {
        guard count > 0 else { return true }
        // Lent for the call: nothing writes to this memory before it returns.
        var bytes = unsafe MutableSpan(_unsafeStart: start, count: count)
        return receiver.plaintextReceived(&bytes)
    }

    // MARK: Writing

    /// Seals data into the thread's output, behind what is owed before it.
    package func write(_ plaintext: Span<UInt8>) throws(RecordError) {
        try sendTicket()
        if reader.wantsKeyUpdate {
            try writer.updateKey(to: wire)
            reader.keyUpdated()
        }
        try writer.write(plaintext, to: wire)
    }

    /// Where `write` looks.
    func eachWrittenPlace(_ body: (_ start: UInt, _ bytes: Int) -> Void) {
        body(unsafe UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()), 128)
        body(writer.keys.place, MemoryLayout<TrafficKeys.Values>.size)
    }

    private func sendTicket() throws(RecordError) {
        guard !ticket.isEmpty else { return }
        let owed = ticket
        ticket = []
        guard wire.append(owed.span) else { throw .internalFailure }
    }

    /// Tells the peer that nothing more will come (6.1).
    package func close() throws(RecordError) {
        try sendTicket()
        try writer.alert(0, to: wire)
    }
}
