internal import BasicContainers

/// What is to be sent on a stream and was not framed yet. Holds no buffer while empty.
struct StreamOutput: ~Copyable {
    private var bytes = UniqueArray<UInt8>()
    private var head = 0

    /// What follows them: bytes that many answers share, and that are held for none of them.
    private var shared: [UInt8] = []
    private var sharedHead = 0

    init() {}

    var count: Int { bytes.count - head + shared.count - sharedHead }
    /// Those that are held for this stream alone.
    var ownCount: Int { bytes.count - head }

    /// Puts the last bytes there are behind the others.
    mutating func end(with shared: [UInt8]) {
        self.shared = shared
        sharedHead = 0
    }

    mutating func append(_ span: Span<UInt8>, _ buffers: HTTP2Buffers) {
        if bytes.capacity == 0 { bytes = buffers.take() }
        // What was sent is moved away only when it is the larger part: each byte is moved at most once on average.
        if head > 0, head >= bytes.count - head {
            bytes.removeSubrange(0..<head)
            head = 0
        }
        bytes.append(copying: span)
    }

    /// Moves the next bytes to the end of a connection's output.
    mutating func move(_ count: Int, to output: inout UniqueArray<UInt8>, _ buffers: HTTP2Buffers) {
        // Nearly always all there is.
        if head == 0, count == bytes.count {
            output.append(copying: bytes.span)
            return release(buffers)
        }
        let own = min(count, ownCount)
        output.append(copying: bytes.span.extracting(head..<head + own))
        head += own
        if head == bytes.count { release(buffers) }
        guard own < count, !shared.isEmpty else { return }
        let end = sharedHead + min(count - own, shared.count - sharedHead)
        output.append(copying: shared.span.extracting(sharedHead..<end))
        sharedHead = end
        if end == shared.count { (shared, sharedHead) = ([], 0) }
    }

    mutating func clear(_ buffers: HTTP2Buffers) {
        (shared, sharedHead) = ([], 0)
        release(buffers)
    }

    private mutating func release(_ buffers: HTTP2Buffers) {
        guard bytes.capacity > 0 else { return }
        buffers.release(exchange(&bytes, with: UniqueArray<UInt8>()))
        head = 0
    }
}
