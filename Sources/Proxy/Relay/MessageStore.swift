internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

/// Messages that are kept in the order of their numbers: such as wait for a backend, or may have to be sent again. All of
/// their bytes are on an account. Holds no memory while empty.
struct MessageStore: ~Copyable {
    private struct Entry {
        let opcode: Opcode
        let size: Int
        /// Its bytes are not kept: it was too large.
        let isGap: Bool
    }

    private var entries: [Entry] = []
    /// Those before it are done with.
    private var head = 0
    private var bytes: HeldBytes
    private var charge: MemoryCharge
    /// The number of the first that is kept.
    private(set) var first: UInt64 = 1

    init(on account: MemoryAccount) {
        bytes = HeldBytes(on: account)
        charge = MemoryCharge(to: account)
    }

    /// Bytes, with what an entry takes.
    var size: Int { bytes.count + count * MemoryLayout<Entry>.stride }
    var count: Int { entries.count - head }
    /// The number behind the last one.
    var end: UInt64 { first &+ UInt64(count) }

    /// Keeps the next message.
    mutating func append(_ opcode: Opcode, _ payload: Span<UInt8>) {
        entries.append(Entry(opcode: opcode, size: payload.count, isGap: false))
        bytes.append(payload)
        recharge()
    }

    /// The next message is not kept.
    mutating func appendGap() {
        entries.append(Entry(opcode: .binary, size: 0, isGap: true))
        recharge()
    }

    /// Those before this number are not needed any more.
    mutating func drop(before number: UInt64) {
        var dropped = 0
        while first < number, head < entries.count {
            dropped += entries[head].size
            head += 1
            first &+= 1
        }
        first = max(first, number)
        bytes.drop(dropped)
        if head == entries.count {
            entries = []
            head = 0
        } else if head >= entries.count - head {
            // Each entry is moved at most once on average.
            entries.removeSubrange(0..<head)
            head = 0
        }
        recharge()
    }

    mutating func removeAll() { drop(before: end) }

    /// Lends each that is kept of these numbers, in order.
    func forEach(
        from number: UInt64 = 0, through last: UInt64 = .max, _ body: (Opcode, Span<UInt8>) -> Void
    ) {
        var position = 0
        var at = first
        for entry in entries[head...] {
            if at >= number, at <= last, !entry.isGap {
                bytes.lend(from: position) { body(entry.opcode, $0.extracting(0..<entry.size)) }
            }
            position += entry.size
            at &+= 1
        }
    }

    private mutating func recharge() {
        charge.set(entries.capacity * MemoryLayout<Entry>.stride)
    }
}
