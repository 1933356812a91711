internal import Synchronization

/// Places in a queue, so many a second over all workers.
final class ClosingPace: Sendable {
    private let interval: UInt64
    private let places = Atomic<UInt64>(0)
    private let began: UInt64

    /// - Parameters:
    ///   - rate: places a second, at least one.
    ///   - now: the monotonic clock.
    init(rate: Int, now: UInt64) {
        interval = 1_000_000_000 / UInt64(clamping: max(rate, 1))
        began = now
    }

    /// When the next place in the queue is due, from `now` on. Jittered within its place.
    func delay(at now: UInt64, jitter: UInt64) -> UInt64 {
        let place = places.add(1, ordering: .relaxed).oldValue
        let due = began &+ place &* interval &+ (interval > 0 ? jitter % interval : 0)
        return due > now ? due - now : 0
    }
}
