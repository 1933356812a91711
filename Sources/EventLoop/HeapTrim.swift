/// When the heap is to give back what was freed: some time after much less is held than was. Pure.
///
/// malloc gives back by itself only what lies at the end of a heap, and whoever came last may keep megabytes of others from
/// being given back for as long as it lives.
struct HeapTrim: Equatable {
    /// Bytes; for less the work is not worth it.
    static let least = 8 << 20
    /// From there to the work, in nanoseconds, and so the most seldom that it is done.
    static let delay: UInt64 = 4_000_000_000

    /// The most that was held since the last time.
    private var peak = 0
    private var isPlanned = false

    /// So many bytes are held now. Whether it is to be looked at again after the delay.
    mutating func holds(_ held: Int) -> Bool {
        peak = max(peak, held)
        guard !isPlanned, peak &- held >= Self.least else { return false }
        isPlanned = true
        return true
    }

    /// The delay has passed. Whether the heap is to be trimmed.
    mutating func isDue(_ held: Int) -> Bool {
        isPlanned = false
        guard peak &- held >= Self.least else { return false }
        peak = held
        return true
    }
}
