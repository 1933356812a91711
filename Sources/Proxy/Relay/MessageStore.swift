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

    /// What there is while there is anything.
    private final class Kept {
        var entries: [Entry] = []
        /// Those before it are done with.
        var head = 0
        var bytes: HeldBytes
        private var charge: MemoryCharge

        init(on account: MemoryAccount) {
            bytes = HeldBytes(on: account)
            charge = MemoryCharge(to: account)
        }

        var count: Int { entries.count - head }

        func append(_ entry: Entry) {
            entries.append(entry)
            recharge()
        }

        func drop(_ number: Int) {
            var dropped = 0
            for entry in entries[head..<(head + number)] { dropped += entry.size }
            head += number
            bytes.drop(dropped)
            // Each entry is moved at most once on average.
            if head >= entries.count - head {
                entries.removeSubrange(0..<head)
                head = 0
            }
            recharge()
        }

        private func recharge() { charge.set(entries.capacity * MemoryLayout<Entry>.stride) }
    }

    private let account: MemoryAccount
    private var kept: Kept?
    /// The number of the first that is kept.
    private(set) var first: UInt64 = 1

    init(on account: MemoryAccount) { self.account = account }

    /// Bytes, with what an entry takes.
    var size: Int { kept.map { $0.bytes.count + $0.count * MemoryLayout<Entry>.stride } ?? 0 }
    var count: Int { kept?.count ?? 0 }
    /// The number behind the last one.
    var end: UInt64 { first &+ UInt64(count) }

    private mutating func room() -> Kept {
        if let kept { return kept }
        let kept = Kept(on: account)
        self.kept = kept
        return kept
    }

    /// Keeps the next message.
    mutating func append(_ opcode: Opcode, _ payload: Span<UInt8>) {
        let kept = room()
        kept.bytes.append(payload)
        kept.append(Entry(opcode: opcode, size: payload.count, isGap: false))
    }

    /// The next message is not kept.
    mutating func appendGap() { room().append(Entry(opcode: .binary, size: 0, isGap: true)) }

    /// Those before this number are not needed any more.
    mutating func drop(before number: UInt64) {
        guard number > first else { return }
        let dropped = Int(clamping: min(number &- first, UInt64(count)))
        first = number
        if dropped == count { kept = nil } else { kept?.drop(dropped) }
    }

    mutating func removeAll() { drop(before: end) }

    /// Lends each that is kept of these numbers, in order.
    func forEach(
        from number: UInt64 = 0, through last: UInt64 = .max, _ body: (Opcode, Span<UInt8>) -> Void
    ) {
        guard let kept else { return }
        var position = 0
        var at = first
        for entry in kept.entries[kept.head...] {
            if at >= number, at <= last, !entry.isGap {
                kept.bytes.lend(from: position) { body(entry.opcode, $0.extracting(0..<entry.size)) }
            }
            position += entry.size
            at &+= 1
        }
    }
}

/// A client's first messages, as each new backend is sent them.
final class FirstMessages {
    private let most: Int
    var store: MessageStore

    /// nil where none are.
    init?(_ most: Int, on account: MemoryAccount) {
        guard most > 0 else { return nil }
        self.most = most
        store = MessageStore(on: account)
    }

    var wantsMore: Bool { store.count < most }
}
