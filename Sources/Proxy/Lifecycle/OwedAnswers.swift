/// Answers that are owed to whoever has given an order whose outcome comes later. Each is given once.
struct OwedAnswers {
    private var waiting: [UInt64: (AdminResponse) -> Void] = [:]
    private var next: UInt64 = 0

    /// - Returns: the order's number.
    mutating func add(_ done: @escaping (AdminResponse) -> Void) -> UInt64 {
        defer { next &+= 1 }
        waiting[next] = done
        return next
    }

    /// What answers an order; nil where it has its answer. To be called from outside: more orders may come of it.
    mutating func take(_ id: UInt64) -> ((AdminResponse) -> Void)? { waiting.removeValue(forKey: id) }
}
