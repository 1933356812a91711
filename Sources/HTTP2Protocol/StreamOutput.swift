internal import BasicContainers

/// What is to be sent on a stream and was not framed yet. Holds no buffer while empty.
struct StreamOutput: ~Copyable {
    private var bytes = UniqueArray<UInt8>()
    private var head = 0

    init() {}

    var count: Int { bytes.count - head }

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
        let count = min(count, self.count)
        output.append(copying: bytes.span.extracting(head..<head + count))
        head += count
        if head == bytes.count { clear(buffers) }
    }

    mutating func clear(_ buffers: HTTP2Buffers) {
        guard bytes.capacity > 0 else { return }
        var empty = UniqueArray<UInt8>()
        swap(&empty, &bytes)
        buffers.giveBack(empty)
        head = 0
    }
}
