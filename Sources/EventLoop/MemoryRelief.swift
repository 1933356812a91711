/// When holders are to be given up because too much is held, and which. Pure.
///
/// The largest go first, whichever loop they are on; and nobody is asked again before there was time to do it, ever more
/// seldom while that is of no use.
struct MemoryRelief: Equatable {
    /// Nanoseconds from one order to the next.
    static let shortest: UInt64 = 1_000_000
    static let longest: UInt64 = 64_000_000

    private var askedAt: UInt64?
    private var pause = Self.shortest

    /// So much is held, and is to be at most. Whoever holds as much as is returned, or more, is to be given up until that is
    /// so; nil = nobody, or not yet.
    ///
    /// - Parameters:
    ///   - holders: how many there are of a class of sizes.
    ///   - now: monotonic nanoseconds.
    mutating func ask(held: Int, most: Int, holders: (Int) -> Int, at now: UInt64) -> Int? {
        if let askedAt, now >= askedAt, now - askedAt < pause { return nil }
        guard held > most, let least = Self.least(for: held - most, holders) else { return nil }
        pause = askedAt == nil ? Self.shortest : min(2 * pause, Self.longest)
        askedAt = now
        return least
    }

    /// The last order was enough: the next one may come at once.
    mutating func wasEnough() { askedAt = nil }

    /// How small holders must be counted in, so that there are enough of them.
    private static func least(for excess: Int, _ holders: (Int) -> Int) -> Int? {
        var sum = 0
        var least: Int?
        for index in (0..<MemoryClasses.count).reversed() {
            let count = holders(index)
            guard count > 0 else { continue }
            least = MemoryClasses.bytes(index)
            let (bytes, isOver) = count.multipliedReportingOverflow(by: MemoryClasses.bytes(index))
            sum = isOver ? .max : sum &+ min(bytes, .max - sum)
            if sum >= excess { break }
        }
        return least
    }
}
