internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

/// What a peer has sent and nobody has looked at, because what it becomes would have to be held: at most what a read, or
/// a window, brings. Exists only while there is any.
final class PendingInput {
    /// Payload of a frame that is being inflated, unmasked.
    struct Part {
        let count: Int
        /// The message ends with it.
        let isLast: Bool
    }

    /// What the bytes begin with; nil when that is what comes next from the peer.
    let part: Part?
    var bytes: HeldBytes
    /// The peer has ended its side behind them.
    var hasEnded = false

    init(_ bytes: Span<UInt8>, part: Part?, on account: MemoryAccount) {
        self.part = part
        self.bytes = HeldBytes(on: account)
        self.bytes.append(bytes)
    }
}
