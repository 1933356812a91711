internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

/// Parts of the messages that are coming in, of a session whose messages are to be whole before they are passed on. Those
/// that are too large for that pass in parts.
final class MessageParts {
    /// Bytes; larger messages stream.
    let most: Int
    private var client: HeldBytes
    private var backend: HeldBytes
    private var streams: (client: Bool, backend: Bool) = (false, false)

    init(most: Int, on account: MemoryAccount) {
        self.most = most
        client = HeldBytes(on: account)
        backend = HeldBytes(on: account)
    }

    /// A message of this side passes in parts.
    func isStreaming(_ side: SessionSide) -> Bool { side == .client ? streams.client : streams.backend }

    func streams(_ side: SessionSide, _ isSo: Bool) {
        if side == .client { streams.client = isSo } else { streams.backend = isSo }
    }

    func count(of side: SessionSide) -> Int { side == .client ? client.count : backend.count }

    func append(_ payload: Span<UInt8>, of side: SessionSide) {
        if side == .client { client.append(payload) } else { backend.append(payload) }
    }

    func take(of side: SessionSide) -> UniqueArray<UInt8> {
        side == .client ? client.take() : backend.take()
    }

    /// The side has gone amid a message.
    func drop(_ side: SessionSide) {
        if side == .client { client.removeAll() } else { backend.removeAll() }
        streams(side, false)
    }
}
