internal import Durations

/// An order to close sessions, shared by all workers: each session gets the next place in one line, so that the closes of
/// all workers together come at the rate that was asked for.
final class CloseOrder: Sendable {
    /// How many sessions of a worker are closed at once if no rate was asked for; more are spread over this time.
    private static let atOnce = 16
    private static let spread = Duration.milliseconds(500).nanoseconds

    let filter: SessionFilter
    let words: CloseWords
    /// nil = no rate.
    private let pace: ClosingPace?

    /// - Parameters:
    ///   - rate: sessions a second; nil = all within half a second.
    ///   - now: the monotonic clock, which all loops share.
    init(_ filter: SessionFilter, _ words: CloseWords, rate: Int?, now: UInt64) {
        self.filter = filter
        self.words = words
        pace = rate.map { ClosingPace(rate: $0, now: now) }
    }

    /// When the next session is to be closed, from `now` on.
    ///
    /// - Parameter count: of this worker's sessions that are meant.
    func delay(of count: Int, at now: UInt64, jitter: UInt64) -> UInt64 {
        if let pace { return pace.delay(at: now, jitter: jitter) }
        return count > Self.atOnce ? jitter % Self.spread : 0
    }
}
