internal import EventLoop
internal import WebSocketProtocol

/// Stands for a connection that there is not, and takes everything as if it were gone already.
final class NoTransport: ByteTransport {
    var receiver: (any TransportReceiver)?
    let account: MemoryAccount

    init(_ account: MemoryAccount) { self.account = account }

    var bufferedBytes: Int { 0 }
    var outflow: Outflow { Outflow(held: 0, left: 0, end: 0, acknowledged: 0, unsent: 0) }
    func write(_ bytes: Span<UInt8>) {}
    func pauseReading() {}
    func resumeReading() {}
    func finish() {}
    func close() {}
    func abort() {}
}
