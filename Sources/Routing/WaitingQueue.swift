/// Who waits for a place, first come first served. Pure: a value, and the caller's ids.
package struct WaitingQueue<Waiter> {
    private var order: [UInt64] = []
    private var first = 0
    private var waiting: [UInt64: Waiter] = [:]

    /// Nobody waits.
    package init() {}

    /// How many wait.
    package var count: Int { waiting.count }

    /// Whether nobody waits.
    package var isEmpty: Bool { waiting.isEmpty }
    /// Whose turn it is.
    package var next: Waiter? { first < order.count ? waiting[order[first]] : nil }

    /// Joins the end.
    package mutating func append(_ waiter: Waiter, id: UInt64) {
        order.append(id)
        waiting[id] = waiter
    }

    /// Leaves without having been served; nil when it had been taken already.
    package mutating func remove(_ id: UInt64) -> Waiter? {
        let removed = waiting.removeValue(forKey: id)
        tidy()
        return removed
    }

    /// Takes the first that fits.
    package mutating func take(where fits: (Waiter) -> Bool) -> (id: UInt64, waiter: Waiter)? {
        for position in first..<order.count {
            let id = order[position]
            guard let waiter = waiting[id], fits(waiter) else { continue }
            waiting[id] = nil
            tidy()
            return (id, waiter)
        }
        return nil
    }

    /// Takes all that fit.
    package mutating func takeAll(where fits: (Waiter) -> Bool) -> [(id: UInt64, waiter: Waiter)] {
        var taken: [(id: UInt64, waiter: Waiter)] = []
        for position in first..<order.count {
            let id = order[position]
            guard let waiter = waiting[id], fits(waiter) else { continue }
            waiting[id] = nil
            taken.append((id, waiter))
        }
        tidy()
        return taken
    }

    /// Skips those at the front who have gone, and drops the ids of all who have when they are the most: one who waits
    /// long keeps none of those who came and went behind.
    private mutating func tidy() {
        while first < order.count, waiting[order[first]] == nil { first += 1 }
        guard order.count > 256, order.count > 2 * waiting.count else { return }
        order = order[first...].filter { waiting[$0] != nil }
        first = 0
    }
}

extension WaitingQueue: Sendable where Waiter: Sendable {}
