internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

/// Bytes that many hold and nobody changes, on an account as long as anybody holds them.
final class SharedBytes {
    private struct Storage: ~Copyable {
        let bytes: UniqueArray<UInt8>

        func lend<Result>(from start: Int, _ body: (Span<UInt8>) -> Result) -> Result {
            body(bytes.span.extracting(min(start, bytes.count)..<bytes.count))
        }
    }

    private let storage: Storage
    private let charge: MemoryCharge
    let count: Int

    init(_ bytes: consuming UniqueArray<UInt8>, on account: MemoryAccount) {
        count = bytes.count
        var charge = MemoryCharge(to: account)
        charge.set(bytes.capacity)
        self.charge = charge
        storage = Storage(bytes: bytes)
    }

    var account: MemoryAccount { charge.account }

    /// Lends the bytes from one of them on.
    func lend<Result>(from start: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        storage.lend(from: start, body)
    }
}

/// One message of a feed as all of its subscribers get it: framed once (a server's frames are not masked, so the bytes
/// are the same for everybody), and compressed at most once for each set of parameters that clients agreed on.
final class SharedMessage {
    let opcode: Opcode
    /// The whole frame, uncompressed.
    let plain: SharedBytes
    private let payload: Range<Int>
    private var variants: [(id: Int, bytes: SharedBytes)] = []

    /// - Parameter account: of the feed.
    init(_ opcode: Opcode, payload: Span<UInt8>, on account: MemoryAccount) {
        var frame = UniqueArray<UInt8>(minimumCapacity: payload.count + FrameHeader.largestSize)
        FrameWriter.append(opcode, fin: true, payload: payload, maskingKey: nil, to: &frame)
        self.opcode = opcode
        self.payload = (frame.count - payload.count)..<frame.count
        plain = SharedBytes(frame, on: account)
    }

    /// The frame for clients with this compression, made when the first of them needs it.
    func bytes(for compression: FeedCompression?) -> SharedBytes {
        guard let compression else { return plain }
        for variant in variants where variant.id == compression.id { return variant.bytes }
        let made =
            plain.lend(from: payload.lowerBound) {
                compression.frame(opcode, payload: $0, on: plain.account)
            } ?? plain
        variants.append((compression.id, made))
        return made
    }
}
