/// Values by keys, no more of them than there is room for: the one that was not asked for the longest goes, by and large
/// (a hand goes round, and passes over what was asked for since it came by).
///
/// What somebody uses stays: where nothing else is found, there are more than there is room for as long as that is so.
package struct KeyTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot: Sendable {
        let key: Key
        let value: Value
        var isFresh: Bool
    }

    /// So many are looked at for one that can go.
    private static var mostLooks: Int { 32 }

    private let capacity: Int
    private var places: [Key: Int] = [:]
    private var slots: [Slot] = []
    private var hand = 0

    /// - Parameter capacity: of values.
    package init(capacity: Int) { self.capacity = max(capacity, 1) }

    /// How many there are.
    package var count: Int { slots.count }

    /// The value of a key, which is made where there is none.
    ///
    /// - Parameter isHeld: whether somebody uses a value.
    package mutating func value(of key: Key, make: () -> Value, isHeld: (Value) -> Bool) -> Value {
        if let place = places[key] {
            slots[place].isFresh = true
            return slots[place].value
        }
        // One beyond the capacity may find room again: two go for one that comes.
        for _ in 0..<2 where slots.count >= capacity {
            guard let place = unused(isHeld) else { break }
            remove(at: place)
        }
        let slot = Slot(key: key, value: make(), isFresh: true)
        places[key] = slots.count
        slots.append(slot)
        return slot.value
    }

    private mutating func remove(at place: Int) {
        places[slots[place].key] = nil
        let last = slots.removeLast()
        guard place < slots.count else { return }
        slots[place] = last
        places[last.key] = place
    }

    private mutating func unused(_ isHeld: (Value) -> Bool) -> Int? {
        var fallback: Int?
        for _ in 0..<Self.mostLooks {
            hand = hand + 1 < slots.count ? hand + 1 : 0
            guard !isHeld(slots[hand].value) else { continue }
            guard slots[hand].isFresh else { return hand }
            slots[hand].isFresh = false
            fallback = fallback ?? hand
        }
        return fallback
    }
}
