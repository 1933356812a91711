internal import BasicContainers

/// What the sockets of a loop send in small pieces during a turn, gathered and sent when the turn's events have been
/// handled: reading and encrypting on one hand, sending on the other take turns by the batch and not by the message, so
/// that each finds its code in the processor's caches, and what a socket is given piece by piece leaves as one.
final class Outbox {
    /// Larger pieces are sent at once: to copy them would cost more than it saves.
    static let largestPiece = 8 * 1024
    /// No more than this waits for the end of a turn.
    private static let capacity = 64 * 1024

    private var bytes = UniqueArray<UInt8>()
    private var entries: [(socket: StreamSocket, end: Int)] = []

    func add(_ piece: Span<UInt8>, for socket: StreamSocket) {
        if bytes.count + piece.count > Self.capacity { send() }
        bytes.append(copying: piece)
        if let last = entries.indices.last, entries[last].socket === socket {
            entries[last].end = bytes.count
        } else {
            entries.append((socket, bytes.count))
        }
        socket.hasGathered = true
    }

    func send() {
        guard !entries.isEmpty else { return }
        var start = 0
        for entry in entries {
            entry.socket.sendGathered(bytes.span.extracting(start..<entry.end))
            start = entry.end
        }
        entries.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}
