internal import Synchronization

/// What a process holds for all its peers together, and how much that may be.
///
/// Loops add to it in slices, so that it costs them nothing as long as they hold little; it is off by a slice a loop.
package final class MemoryPool: Sendable {
    private let heldBytes = Atomic<Int>(0)
    private let limitBytes: Atomic<Int>
    private let isRelieved = Atomic<Bool>(false)
    private let loops = Mutex<[Mailbox]>([])

    /// - Parameter limit: bytes; 0 = no limit.
    package init(limit: Int = 0) { limitBytes = Atomic(limit) }

    /// Bytes that may be held; 0 = no limit. A change holds for what comes from now on.
    package var limit: Int {
        get { limitBytes.load(ordering: .relaxed) }
        set { limitBytes.store(newValue, ordering: .relaxed) }
    }

    /// Bytes that are held.
    package var held: Int { heldBytes.load(ordering: .relaxed) }

    /// Whether more is held than may be: nobody new is to be served.
    package var isOver: Bool {
        let limit = limit
        return limit > 0 && held > limit
    }

    /// A loop that can be asked to hold less.
    func join(_ mailbox: Mailbox) { loops.withLock { $0.append(mailbox) } }

    /// Takes a loop's slice. Beyond the limit every loop is asked for relief, once until there was some.
    func add(_ bytes: Int) {
        heldBytes.wrappingAdd(bytes, ordering: .relaxed)
        guard bytes > 0, isOver, !isRelieved.exchange(true, ordering: .relaxed) else { return }
        for mailbox in loops.withLock({ $0 }) { mailbox.post { $0.memory.relieve() } }
    }

    /// A loop has done what it could.
    func wasRelieved() { isRelieved.store(false, ordering: .relaxed) }
}
