package import BasicContainers

/// Bytes that wait for something, on the account of the peer for whom they are kept. Holds no memory while empty.
package struct HeldBytes: ~Copyable {
    private var bytes = UniqueArray<UInt8>()
    /// Those before it are done with.
    private var head = 0
    private var charge: MemoryCharge

    /// None yet.
    package init(on account: MemoryAccount) { charge = MemoryCharge(to: account) }

    /// How many there are.
    package var count: Int { bytes.count - head }
    /// Whether there are none.
    package var isEmpty: Bool { count == 0 }
    /// On which they are.
    package var account: MemoryAccount { charge.account }

    /// Takes bytes behind those that are there.
    package mutating func append(_ more: Span<UInt8>) {
        // What is kept once is as large as it is; what grows, grows in steps.
        guard more.count > 0 else { return }
        if bytes.isEmpty { bytes.reserveCapacity(more.count) }
        // Each byte is moved at most once on average.
        if head > 0, head >= bytes.count - head {
            bytes.removeSubrange(0..<head)
            head = 0
        }
        bytes.append(copying: more)
        charge.set(bytes.capacity)
    }

    /// Forgets them.
    package mutating func removeAll() {
        bytes = UniqueArray<UInt8>()
        head = 0
        charge.set(0)
    }

    /// Forgets the first ones.
    package mutating func drop(_ count: Int) {
        head += min(count, self.count)
        if head == bytes.count { removeAll() }
    }

    /// Lends those from `start` on.
    package func lend<R, E: Error>(from start: Int = 0, _ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(bytes.span.extracting(head + min(start, count)..<bytes.count))
    }

    /// The same as an array.
    package mutating func takeArray() -> [UInt8] {
        guard !isEmpty else { return [] }
        let taken = take()
        var array: [UInt8] = []
        array.reserveCapacity(taken.count)
        for index in taken.indices { array.append(taken[index]) }
        return array
    }

    /// All of them, for somebody who does away with them at once.
    package mutating func take() -> UniqueArray<UInt8> {
        var taken = UniqueArray<UInt8>()
        swap(&taken, &bytes)
        if head > 0 { taken.removeSubrange(0..<head) }
        head = 0
        charge.set(0)
        return taken
    }
}
