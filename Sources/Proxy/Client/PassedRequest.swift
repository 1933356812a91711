internal import EventLoop
internal import HTTPProtocol
internal import HandedBytes
internal import TLS

/// A request that another process is to answer, as it is written down for it beside the descriptor of its connection:
///
///     version:1  worker:2  refusal:1  isTLS:1  peerPort:2  localPort:2
///     listener  peer  head:4 …  early:4 …  [records of TLS]
///
/// The memory is wiped by whoever reads it.
struct PassedRequest: Sendable {
    private static let version: UInt64 = 1
    private static let anyWorker: UInt64 = 0xffff
    /// Bytes: a head may have 64 KiB in the largest configuration, and as much may come behind it.
    static let largest = 1 << 20

    let request: MovedRequest
    /// nil = any.
    let worker: Int?

    init(_ request: MovedRequest, worker: Int?) {
        self.request = request
        self.worker = worker
    }

    /// False where it does not go; the connection is then still here.
    func send(on line: DescriptorLine, at now: UInt64) -> Bool {
        line.send(request.connection.socket, at: now, capacity: Self.largest, write)
    }

    /// False where there is no room, or where the connection can't leave this process.
    func write(to output: inout OutputSpan<UInt8>) -> Bool {
        let connection = request.connection
        let refusal = request.refusal.flatMap { ResumeRefusal.allCases.firstIndex(of: $0) }
        guard output.put(Self.version, 1),
            output.put(worker.map { UInt64(clamping: $0) } ?? Self.anyWorker, 2),
            output.put(UInt64(refusal.map { $0 + 1 } ?? 0), 1), output.put(flag: connection.tls != nil),
            output.put(UInt64(connection.peerPort), 2), output.put(UInt64(connection.localPort), 2),
            output.put(text: request.listener.name), output.put(text: request.peer),
            output.put(array: request.head.encoded), output.put(array: request.early)
        else { return false }
        return connection.tls.map { $0.write(to: &output) } ?? true
    }

    /// Reads one.
    ///
    /// - Parameter listeners: of this process. A connection goes on as one of the listener that it came by, or of another one
    ///   of the same kind where that is gone.
    init(
        reading bytes: Span<UInt8>, _ socket: MovedSocket, listeners: [ListenerFacts]
    ) throws(HandedStateError) {
        var reader = HandedReader()
        let version = try reader.number(1, bytes)
        guard version == Self.version else { throw .version(version) }
        let worker = try reader.number(2, bytes)
        let refusal = Int(try reader.number(1, bytes))
        let isTLS = try reader.flag(bytes)
        let peerPort = UInt16(try reader.number(2, bytes))
        let localPort = UInt16(try reader.number(2, bytes))
        let (name, peer) = (try reader.text(bytes), try reader.text(bytes))
        let (head, early) = (try reader.array(bytes), try reader.array(bytes))
        let alike = listeners.filter { ($0.tls != nil) == isTLS }
        guard refusal <= ResumeRefusal.allCases.count,
            let listener = alike.first(where: { $0.name == name }) ?? alike.first
        else { throw .garbled }
        var parser = RequestHeadParser(limits: HeadLimits(bytes: Self.largest, fields: Self.largest))
        guard let parsed = try? parser.feed(head.span), parsed.1 == head.count else { throw .garbled }
        var tls: MovedTLS?
        if let context = listener.tls {
            tls = try MovedTLS(reading: bytes.extracting(reader.place..<bytes.count), context: context)
        } else if reader.place < bytes.count {
            throw .garbled
        }
        self.worker = worker == Self.anyWorker ? nil : Int(worker)
        request = MovedRequest(
            connection: MovedConnection(
                socket: socket, tls: tls, peerPort: peerPort, localPort: localPort, place: nil),
            head: parsed.0, early: early, peer: peer, listener: listener,
            refusal: refusal == 0 ? nil : ResumeRefusal.allCases[refusal - 1], isPassed: true)
    }
}
