internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

/// Parts of the messages that are coming in, of a session whose messages are to be whole before they are passed on. Those
/// that are too large for that pass in parts. Holds no memory for a side that is between two messages.
final class MessageParts {
    private final class Begun {
        var bytes: HeldBytes
        init(on account: MemoryAccount) { bytes = HeldBytes(on: account) }
    }

    /// Bytes; larger messages stream.
    let most: Int
    private let account: MemoryAccount
    private var client: Begun?
    private var backend: Begun?
    private var streams: (client: Bool, backend: Bool) = (false, false)

    init(most: Int, on account: MemoryAccount) {
        self.most = most
        self.account = account
    }

    private subscript(_ side: SessionSide) -> Begun? {
        get { side == .client ? client : backend }
        set { if side == .client { client = newValue } else { backend = newValue } }
    }

    /// A message of this side passes in parts.
    func isStreaming(_ side: SessionSide) -> Bool { side == .client ? streams.client : streams.backend }

    func streams(_ side: SessionSide, _ isSo: Bool) {
        if side == .client { streams.client = isSo } else { streams.backend = isSo }
    }

    func count(of side: SessionSide) -> Int { self[side]?.bytes.count ?? 0 }

    func append(_ payload: Span<UInt8>, of side: SessionSide) {
        guard payload.count > 0 else { return }
        let begun = self[side] ?? Begun(on: account)
        self[side] = begun
        begun.bytes.append(payload)
    }

    func take(of side: SessionSide) -> UniqueArray<UInt8> {
        defer { self[side] = nil }
        return self[side]?.bytes.take() ?? UniqueArray()
    }

    /// The side has gone amid a message.
    func drop(_ side: SessionSide) {
        self[side] = nil
        streams(side, false)
    }
}
