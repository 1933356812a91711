internal import Access
internal import Synchronization

/// What one key has open and has used, over all workers. Each rate is one word: when all that has passed will have been
/// paid for.
final class KeyedEntry: Sendable {
    private let connections = Atomic<Int>(0)
    private let sessions = Atomic<Int>(0)
    let upgrades = Atomic<UInt64>(0)
    let messages = Atomic<UInt64>(0)
    let bytesFromClient = Atomic<UInt64>(0)
    let bytesFromBackend = Atomic<UInt64>(0)

    /// Somebody has something open by this key.
    var isHeld: Bool { connections.load(ordering: .relaxed) > 0 }

    /// Takes a place; the name of the limit where so many are taken already.
    func enter(isSession: Bool, _ numbers: KeyedNumbers) -> String? {
        guard Self.add(to: connections, most: numbers.connections) else { return "connections" }
        guard !isSession || Self.add(to: sessions, most: numbers.sessions) else {
            connections.subtract(1, ordering: .relaxed)
            return "sessions"
        }
        return nil
    }

    func leave(isSession: Bool) {
        connections.subtract(1, ordering: .relaxed)
        if isSession { sessions.subtract(1, ordering: .relaxed) }
    }

    private static func add(to count: borrowing Atomic<Int>, most: Int) -> Bool {
        let before = count.add(1, ordering: .relaxed).oldValue
        guard most > 0, before >= most else { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }

    /// Changes what a word says, whoever else changes it at the same time; what `next` says of it.
    static func change(
        _ paidAt: borrowing Atomic<UInt64>, _ next: (UInt64) -> (paidAt: UInt64, wait: UInt64)
    ) -> UInt64 {
        var before = paidAt.load(ordering: .relaxed)
        while true {
            let (after, wait) = next(before)
            guard after != before else { return wait }
            let (isDone, seen) = paidAt.weakCompareExchange(
                expected: before, desired: after, ordering: .relaxed)
            if isDone { return wait }
            before = seen
        }
    }
}
