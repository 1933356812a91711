/// What the sockets of a loop send in small pieces during a turn, gathered and sent when the turn's events have been
/// handled: reading and encrypting on one hand, sending on the other take turns by the batch and not by the message, so
/// that each finds its code in the processor's caches, and what a socket is given piece by piece leaves as one.
@safe final class Outbox {
    /// Larger pieces are sent at once: to copy them would cost more than it saves.
    static let largestPiece = 8 * 1024
    /// No more than this waits for the end of a turn.
    private static let capacity = 64 * 1024

    @safe private struct Entry {
        // Not retained: the loop holds each of them until the turn is over (`EventLoop.gather`).
        let socket: Unmanaged<StreamSocket>
        var end: Int
    }

    // Raw memory rather than an array: it is never grown, and each piece is one copy.
    private let bytes: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var entries: [Entry] = []

    init() { unsafe bytes = .allocate(capacity: Self.capacity) }

    deinit { unsafe bytes.deallocate() }

    /// - Parameter piece: no larger than `largestPiece`.
    func add(_ piece: Span<UInt8>, for socket: StreamSocket) {
        if count &+ piece.count > Self.capacity { send() }
        unsafe piece.withUnsafeBufferPointer { piece in
            guard let start = piece.baseAddress, piece.count <= Self.capacity &- count else { return }
            unsafe (bytes + count).update(from: start, count: piece.count)
            count &+= piece.count
        }
        let entry = unsafe Entry(socket: .passUnretained(socket), end: count)
        socket.hasGathered = true
        let last = entries.count &- 1
        if last >= 0, unsafe entries[last].socket.toOpaque() == entry.socket.toOpaque() {
            entries[last] = entry
        } else {
            entries.append(entry)
        }
    }

    func send() {
        guard !entries.isEmpty else { return }
        var start = 0
        // Sending adds nothing.
        for entry in entries {
            let piece = unsafe Span(_unsafeStart: UnsafePointer(bytes + start), count: entry.end &- start)
            unsafe entry.socket._withUnsafeGuaranteedRef { $0.sendGathered(piece) }
            start = entry.end
        }
        entries.removeAll(keepingCapacity: true)
        count = 0
    }
}
