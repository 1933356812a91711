internal import EventLoop
internal import TLS

/// Ciphertext for many connections, encrypted first and then sent: the two take turns a batch at a time, not a message
/// at a time, so that each finds its code and data in the processor's caches.
///
/// While a batch is open, no connection that takes no part in it may write TLS. It is open only for the time of a call that
/// writes to those that do (HTTP/2 connections write at the end of the turn).
final class SendBatch {
    private static let most = 128 * 1024

    private let wire: TLSWire
    private var entries: [(socket: StreamSocket, end: Int)] = []
    private(set) var isOpen = false

    init(_ wire: TLSWire) { self.wire = wire }

    /// Begins to gather, unless somebody's output still waits: then each connection sends by itself.
    func open() { isOpen = !wire.hasOutput }

    /// What the wire holds beyond earlier entries is this socket's.
    func add(_ socket: StreamSocket) {
        entries.append((socket, wire.outputCount))
        if wire.outputCount > Self.most { send() }
    }

    /// Sends what has been added, e.g. because one of the connections ends.
    func send() {
        guard !entries.isEmpty else { return }
        wire.takeOutput { output in
            var start = 0
            for entry in entries {
                entry.socket.send(output.extracting(start..<max(start, entry.end)))
                start = max(start, entry.end)
            }
        }
        entries.removeAll(keepingCapacity: true)
    }

    func close() {
        send()
        isOpen = false
    }
}
