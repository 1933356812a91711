internal import EventLoop
internal import TLS

/// The ciphertext of a worker's connections on its way to their sockets: each connection's own as soon as there is any,
/// or, while a batch is open, that of many together. Those are encrypted first and then sent: the two take turns a batch
/// at a time, not a message at a time, so that each finds its code and data in the processor's caches.
///
/// A batch is open only for the time of a call that writes to many. Until it is sent, what was written does not count as
/// waiting for its connection.
final class SendBatch {
    /// Bytes; when there are more, they are sent.
    private static let most = 128 * 1024

    private struct Entry {
        let socket: StreamSocket
        /// Behind the socket's last byte in the wire's output.
        var end: Int
    }

    private let wire: TLSWire
    private var entries: [Entry] = []
    private var isOpen = false

    init(_ wire: TLSWire) { self.wire = wire }

    /// Begins to gather, unless somebody's output still waits: then each connection sends by itself.
    func open() { isOpen = !wire.hasOutput }

    /// What the wire holds beyond earlier entries is this socket's.
    func add(_ socket: StreamSocket) {
        guard wire.hasOutput else { return }
        guard isOpen else { return wire.takeOutput { socket.send($0) } }
        if let last = entries.indices.last, entries[last].socket === socket {
            entries[last].end = wire.outputCount
        } else {
            entries.append(Entry(socket: socket, end: wire.outputCount))
        }
        if wire.outputCount > Self.most { send() }
    }

    /// Sends what has been added, e.g. because one of the connections ends.
    func send() {
        guard !entries.isEmpty else { return }
        wire.takeOutput { output in
            var start = 0
            for entry in entries {
                entry.socket.sendAtOnce(output.extracting(start..<max(start, entry.end)))
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
