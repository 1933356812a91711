internal import Durations

/// Over how long sessions that lose one backend together ask for others: as many as the backends that are left can answer.
/// What those can't is bounded by the upstream's `handshakes`. Pure.
enum MoveSpread {
    /// For each session that one backend is asked to take, in nanoseconds: 4 000 a second.
    private static let each = Duration.microseconds(250).nanoseconds
    /// None waits longer before it asks for the first time.
    private static let most = Duration.milliseconds(500).nanoseconds

    /// The longest wait, in nanoseconds.
    ///
    /// - Parameters:
    ///   - sessions: that were on the backend.
    ///   - backends: others that can be asked.
    static func longest(sessions: Int, backends: Int) -> UInt64 {
        let share = UInt64(max(sessions, 1)) / UInt64(max(backends, 1))
        return max(min(share, most / each), 1) * each
    }
}
