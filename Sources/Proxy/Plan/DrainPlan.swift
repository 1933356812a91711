internal import Durations

/// How long a drain takes to close its sessions.
///
/// All clients reconnect elsewhere as soon as they are closed; spreading the closes keeps that from being a storm. A
/// handful needs no spreading, and a person who ends the process by hand should not wait for it.
struct DrainPlan {
    /// From this many sessions on, the whole of the time is used.
    private static let crowd = 100

    /// Nanoseconds over which `sessions` are to be closed when the drain may last `limit`; a fifth of the limit is left
    /// for their closing handshakes.
    static func spread(sessions: Int, limit: Duration) -> UInt64 {
        let usable = limit.nanoseconds / 5 * 4
        guard sessions < crowd else { return usable }
        return usable / UInt64(crowd) * UInt64(max(sessions, 0))
    }
}
