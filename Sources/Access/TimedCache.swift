/// Values that are kept for a while, and no more of them than there is room for: the one that was kept first goes first.
package struct TimedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        let until: UInt64
        let number: UInt64
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    /// In the order of their coming; those that were replaced stand here until their turn.
    private var order: [(key: Key, number: UInt64)] = []
    private var first = 0
    private var lastNumber: UInt64 = 0

    /// - Parameter capacity: of values.
    package init(capacity: Int) { self.capacity = max(capacity, 1) }

    /// How many there are, expired ones among them.
    package var count: Int { entries.count }

    /// A value that has not expired.
    package func value(of key: Key, at now: UInt64) -> Value? {
        entries[key].flatMap { $0.until > now ? $0.value : nil }
    }

    /// Keeps a value until a time of the same clock.
    package mutating func keep(_ value: Value, for key: Key, until: UInt64) {
        lastNumber &+= 1
        entries[key] = Entry(value: value, until: until, number: lastNumber)
        order.append((key, lastNumber))
        while entries.count > capacity || order.count - first > 2 * capacity { dropFirst() }
        if first > capacity {
            order.removeFirst(first)
            first = 0
        }
    }

    /// Forgets all.
    package mutating func removeAll() {
        entries = [:]
        order = []
        first = 0
    }

    private mutating func dropFirst() {
        let (key, number) = order[first]
        first += 1
        if entries[key]?.number == number { entries[key] = nil }
    }
}
