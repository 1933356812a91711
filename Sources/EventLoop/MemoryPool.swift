internal import Synchronization

/// What a process holds for all its peers together, and how much that may be.
///
/// Loops add to it in slices, so that it costs them nothing as long as they hold little; it is off by a slice a loop. More
/// than the limit is held for as long as the loops need to end what they are in the middle of, one read each.
package final class MemoryPool: Sendable {
    private let heldBytes = Atomic<Int>(0)
    private let limitBytes: Atomic<Int>
    private let relief = Mutex(MemoryRelief())
    private let loops = Mutex<[Loop]>([])
    /// Counts the orders to give holders up.
    private let orders = Atomic<UInt64>(0)
    private let leastOrdered = Atomic<Int>(0)

    private struct Loop {
        let mailbox: Mailbox
        let classes: MemoryClasses
    }

    /// - Parameter limit: bytes; 0 = no limit.
    package init(limit: Int = 0) { limitBytes = Atomic(limit) }

    /// Bytes that may be held; 0 = no limit. With less than is held, holders are given up.
    package var limit: Int {
        get { limitBytes.load(ordering: .relaxed) }
        set {
            limitBytes.store(newValue, ordering: .relaxed)
            if isOver { _ = askForRelief(at: EventLoop.clock) }
        }
    }

    /// Bytes that are held.
    package var held: Int { heldBytes.load(ordering: .relaxed) }

    /// Whether more is held than may be: nobody new is to be served.
    package var isOver: Bool {
        let limit = limit
        return limit > 0 && held > limit
    }

    /// Whether more is held than is to be left when holders are given up. Some less than the limit: it is not reached again
    /// with the next bytes.
    package var wantsRelief: Bool {
        let limit = limit
        return limit > 0 && held > Self.target(limit)
    }

    private static func target(_ limit: Int) -> Int { limit - (limit >> 4) }

    /// A loop that can be asked to hold less.
    func join(_ mailbox: Mailbox, _ classes: MemoryClasses) {
        loops.withLock { $0.append(Loop(mailbox: mailbox, classes: classes)) }
    }

    /// One that ends.
    func leave(_ classes: MemoryClasses) { loops.withLock { $0.removeAll { $0.classes === classes } } }

    /// The number of the last order. A loop that has not followed it takes nothing more before it has.
    var order: UInt64 { orders.load(ordering: .acquiring) }

    /// Of the last order: whoever holds as much, or more, is to be given up while too much is held.
    var orderedLeast: Int { leastOrdered.load(ordering: .relaxed) }

    /// Takes a loop's slice.
    func add(_ bytes: Int) { heldBytes.wrappingAdd(bytes, ordering: .relaxed) }

    /// It was enough: the next order is not to wait.
    func wasRelieved() { relief.withLock { $0.wasEnough() } }

    /// Orders relief from every loop where there may be some. False when nobody is left who could be given up.
    func askForRelief(at now: UInt64) -> Bool {
        let loops = loops.withLock { $0 }
        func holders(_ index: Int) -> Int { loops.reduce(0) { $0 + max($1.classes[index], 0) } }
        let limit = limit
        let least = relief.withLock {
            $0.ask(held: held, most: Self.target(limit), holders: holders, at: now)
        }
        guard let least else { return (0..<MemoryClasses.count).contains { holders($0) > 0 } }
        leastOrdered.store(least, ordering: .relaxed)
        orders.wrappingAdd(1, ordering: .releasing)
        // Those that wait for something are woken.
        for loop in loops { loop.mailbox.post { $0.memory.relieve() } }
        return true
    }
}
