/// The last messages of a feed, numbered from 0 in the order they came: what slow clients still wait for and what
/// those who join are given. Bounded in number and in bytes; the newest one is held whatever its size.
struct MessageRing<Message> {
    private struct Slot {
        var message: Message?
        var bytes = 0
    }

    private var capacity: Int
    private var byteLimit: Int
    private var slots: [Slot] = []
    /// The number of the message that was the first in `slots`.
    private var base: UInt64 = 0
    /// Bytes of all that is held.
    private(set) var bytes = 0
    /// The number of the oldest message held; `end` when none is.
    private(set) var oldest: UInt64 = 0
    /// The number that the next message will have.
    private(set) var end: UInt64 = 0

    init(capacity: Int, byteLimit: Int) {
        self.capacity = max(capacity, 1)
        self.byteLimit = max(byteLimit, 0)
    }

    var count: Int { Int(clamping: end - oldest) }

    /// Adds the newest message; the oldest ones make room.
    mutating func append(_ message: Message, bytes size: Int) {
        while oldest < end, count >= capacity || bytes > byteLimit - min(size, byteLimit) { dropOldest() }
        let slot = Slot(message: message, bytes: size)
        if slots.count < capacity, Int(clamping: end - base) == slots.count {
            slots.append(slot)
        } else {
            slots[index(of: end)] = slot
        }
        bytes += size
        end += 1
    }

    /// Changes the bounds; the oldest messages go where the new ones are narrower.
    mutating func resize(capacity: Int, byteLimit: Int) {
        let capacity = max(capacity, 1)
        let byteLimit = max(byteLimit, 0)
        while count > 1, count > capacity || bytes > byteLimit { dropOldest() }
        slots = (oldest..<end).map { slots[index(of: $0)] }
        base = oldest
        self.capacity = capacity
        self.byteLimit = byteLimit
    }

    /// Nobody needs any but so many of the newest.
    mutating func keep(_ newest: Int) {
        while count > max(newest, 0) { dropOldest() }
    }

    /// nil when it is no longer held, or not yet.
    subscript(number: UInt64) -> Message? {
        number >= oldest && number < end ? slots[index(of: number)].message : nil
    }

    private mutating func dropOldest() {
        let index = index(of: oldest)
        bytes -= slots[index].bytes
        slots[index] = Slot()
        oldest += 1
    }

    private func index(of number: UInt64) -> Int { Int((number - base) % UInt64(capacity)) }
}
