internal import BasicContainers

/// Bytes that the kernel did not take yet. Holds no memory while empty.
struct OutboundQueue: ~Copyable {
    private var bytes = UniqueArray<UInt8>()
    private var head = 0
    private var charge: MemoryCharge

    init(on account: MemoryAccount) { charge = MemoryCharge(to: account) }

    var account: MemoryAccount { charge.account }

    var count: Int { bytes.count - head }

    mutating func append(_ span: Span<UInt8>) {
        // What was sent is moved away only when it is the larger part: each byte is moved at most once on average.
        if head > 0, head >= bytes.count - head {
            bytes.removeSubrange(0..<head)
            head = 0
        }
        bytes.append(copying: span)
        charge.set(bytes.capacity)
    }

    mutating func drop(_ count: Int) {
        head += count
        if head >= bytes.count { clear() }
    }

    mutating func clear() {
        bytes = UniqueArray<UInt8>()
        head = 0
        charge.set(0)
    }

    /// What is to be sent next.
    func withPending<R>(_ body: (Span<UInt8>) -> R) -> R {
        body(bytes.span.extracting(head..<bytes.count))
    }
}
