internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import TLS
internal import WebSocketProtocol

/// A transport over a stream socket, with or without TLS.
///
/// TLS runs over the worker's scratch: a record is decrypted into it, handed on, and forgotten. Nothing is kept here
/// but the session and the socket.
final class StreamConnection: ByteTransport, StreamHandler, PlaintextReceiver {
    /// Bytes of plaintext that become one burst of records and one `send`.
    private static let burst = 128 * 1024

    let socket: StreamSocket
    let tls: TLSSession?
    /// The worker's: where ciphertext is composed, and when it leaves. nil where there is no TLS on the loop.
    let batch: SendBatch?
    private(set) var isOver = false
    private var preamble: [UInt8]
    /// What has come of a record that is not complete.
    private var partialRecord: MemoryCharge
    /// A client's port, as it was accepted or as a PROXY protocol header says.
    var peerPort: UInt16 = 0
    /// Its place among the connections of a client's address.
    var place: ConnectionPlace?
    /// The port of the listener that a client came through; 0 for a Unix socket.
    var localPort: UInt16 = 0
    /// What its streams may hold for compression; nil until it carries some.
    var contexts: ContextShare?
    var receiver: (any TransportReceiver)?

    /// Takes an accepted socket; reading starts with `resumeReading`.
    init(accepted socket: StreamSocket, tls: TLSSession?, batch: SendBatch?) {
        preamble = []
        self.socket = socket
        partialRecord = MemoryCharge(to: socket.account)
        self.tls = tls
        self.batch = batch
        socket.handler = self
    }

    /// Starts to connect; `transportOpened` or `transportFailed` will follow.
    ///
    /// - Parameter preamble: goes first and in plain text, before TLS.
    init(
        connectingTo address: SocketAddress, preamble: [UInt8] = [], tls: TLSSession?, batch: SendBatch,
        on loop: EventLoop
    ) throws(SystemError) {
        self.preamble = preamble
        socket = try StreamSocket.connect(to: address, on: loop)
        partialRecord = MemoryCharge(to: socket.account)
        self.tls = tls
        self.batch = batch
        socket.handler = self
    }

    var bufferedBytes: Int { socket.queuedBytes }
    var endsUnread: Bool { socket.isEndKnown }

    func fullness(beyond limit: Int) -> Fullness {
        let waiting = socket.queuedBytes
        return waiting == 0 ? .open : waiting > limit ? .full : .refuses
    }

    var account: MemoryAccount { socket.account }
    /// How far what was sent has got. Asks the kernel: for deadlines, not for frames.
    var outflow: Outflow {
        let (queued, handed) = (socket.queuedBytes, socket.handedBytes)
        let unsent = socket.unsentBytes
        return Outflow(
            held: queued + unsent, left: handed &- UInt64(unsent),
            end: Int64(clamping: handed) &+ Int64(queued),
            acknowledged: Int64(clamping: handed) &- Int64(socket.unacknowledgedBytes),
            unsent: queued + unsent)
    }

    /// The least that a byte and its acknowledgement have taken, in nanoseconds; 0 where it can't be told. Asks the kernel.
    var roundTrip: UInt64 { socket.roundTrip }

    /// What TLS agreed on; nil on plain transports and before the handshake is done.
    var tlsFacts: TLSFacts? { tls.flatMap { $0.isEstablished ? $0.facts : nil } }

    /// Version and resumption alone, as counters want them.
    var tlsSummary: (version: String, isResumed: Bool)? {
        tls.flatMap { $0.isEstablished ? $0.summary : nil }
    }

    /// Where a client's connection begins and ends, but for its address.
    var ends: ConnectionEnds? {
        socket.localAddress.map {
            ConnectionEnds(clientPort: peerPort, server: $0.host, serverPort: $0.port)
        }
    }

    /// What a backend is told of the client's certificate; nil when it has none or was not asked.
    var clientCertificate: ForwardedCertificate? {
        tls?.clientCertificate.map {
            ForwardedCertificate(der: $0.der, fingerprint: $0.fingerprint, subject: $0.subject)
        }
    }

    /// What the client asked for by SNI.
    var serverName: String? { tlsFacts?.serverName }

    /// What ALPN chose.
    var applicationProtocol: String? { tls?.applicationProtocol }

    /// Bounds what one read brings, for as long as somebody has to keep what comes before its time; nil = as much as fits.
    func limitReads(to bytes: Int?) { socket.receiveLimit = bytes ?? EventLoop.receiveCapacity }

    func read(for bound: (any ReadBound)?) { socket.readBound = bound }

    /// The peer's address.
    var peerName: String { socket.peerName }

    /// Whether nothing has come that was not read.
    var isQuiet: Bool { socket.isQuiet }

    func pauseReading() { socket.pauseReading() }
    func resumeReading() { socket.resumeReading() }

    // What each message passes asks for `tls` where it stands: a name of its own would be retained.

    func write(_ bytes: Span<UInt8>) {
        if tls == nil { return socket.send(bytes) }
        var start = 0
        while start < bytes.count, !isOver {
            let end = min(start + Self.burst, bytes.count)
            do throws(TLSError) {
                try tls?.write(bytes.extracting(start..<end))
            } catch {
                // An established session refuses a write only when it is broken; reading reports the reason.
                isOver = true
            }
            sendOutput()
            start = end
        }
    }

    func offer(_ bytes: Span<UInt8>) -> Int {
        guard tls != nil else { return socket.offer(bytes) }
        // What is encrypted is this client's alone: at most a burst of it waits.
        guard socket.queuedBytes == 0, !isOver else { return 0 }
        let count = min(bytes.count, Self.burst)
        write(bytes.extracting(0..<count))
        return count
    }

    func keepUnsentSmall() { socket.limitUnsent(to: 64 * 1024) }

    func addLines(to lines: inout CacheLines) {
        lines.add(self, bytes: 64)
        lines.add(socket, bytes: 144)
        tls?.eachWrittenPlace { lines.add($0, bytes: $1) }
    }

    /// Answers in plain text where TLS was expected: a browser shows it instead of a riddle.
    func writeUnencrypted(_ bytes: Span<UInt8>) { socket.send(bytes) }

    func finish() {
        tls?.sendCloseNotify()
        sendOutput()
        batch?.send()
        socket.finish()
    }

    func close() {
        batch?.send()
        isOver = true
        receiver = nil
        place = nil
        socket.close()
    }

    /// The connection is another's.
    func becomeNobodys() {
        isOver = true
        receiver = nil
        place = nil
        partialRecord.set(0)
    }

    func abort() {
        batch?.send()
        isOver = true
        receiver = nil
        place = nil
        socket.reset()
    }

    private func sendOutput() {
        if tls != nil { batch?.add(socket) }
    }

    // MARK: StreamHandler

    func streamConnected() {
        if !preamble.isEmpty {
            let first = preamble
            preamble = []
            socket.send(first.span)
        }
        if tls == nil { return opened() }
        socket.resumeReading()
        var none: [UInt8] = []
        var nothing = none.mutableSpan
        advanceHandshake(&nothing)
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        if tls == nil {
            receiver?.transportReceived(&bytes)
            return
        }
        if tls?.isEstablished == false { return advanceHandshake(&bytes) }
        withFailureTold { () throws(TLSError) in
            try tls?.withInput(&bytes) { () throws(TLSError) in try readRecords() }
        }
    }

    private func advanceHandshake(_ ciphertext: inout MutableSpan<UInt8>) {
        guard let tls else { return }
        withFailureTold { () throws(TLSError) in
            try tls.withInput(&ciphertext) { () throws(TLSError) in
                let step = try tls.handshake()
                sendOutput()
                guard case .finished = step else { return }
                opened()
                guard !isOver else { return }
                // Nothing of ours answers a client's last message: its ticket leaves with the first data.
                if socket.isClient, !tls.hasInput { socket.acknowledge() }
                // The first request may have come with the client's last handshake message.
                try readRecords()
            }
        }
    }

    private func readRecords() throws(TLSError) {
        let end = try tls?.read(into: self)
        guard !isOver else { return }
        partialRecord.set(tls?.heldBytes ?? 0)
        sendOutput()
        if case .peerClosed = end { receiver?.transportEnded() }
    }

    func plaintextReceived(_ bytes: inout MutableSpan<UInt8>) -> Bool {
        // Session tickets and key updates must leave before another session of the thread writes its own output.
        sendOutput()
        receiver?.transportReceived(&bytes)
        return !isOver
    }

    private func withFailureTold(_ body: () throws(TLSError) -> Void) {
        do throws(TLSError) {
            try body()
        } catch {
            // The alert that says why, where OpenSSL made one.
            sendOutput()
            fail(.tls(error))
        }
    }

    private func opened() { receiver?.transportOpened() }

    func streamEnded() { receiver?.transportEnded() }

    func streamEndsUnread() { receiver?.transportEndsUnread() }

    func streamFlushed() { receiver?.transportFlushed() }

    func streamFailed(_ error: SystemError) { fail(.system(error)) }

    private func fail(_ error: TransportError) {
        guard !isOver else { return }
        isOver = true
        place = nil
        // The socket is left open: whoever is told may still answer in plain text, and closes it.
        let told = receiver
        receiver = nil
        told?.transportFailed(error)
    }
}
