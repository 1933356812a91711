internal import Durations
internal import Synchronization
internal import TLS

/// The ticket keys of every TLS listener, by its address. They outlive reloads, so that clients resume across them.
final class TicketRegistry: Sendable {
    private struct Entry {
        let keys: TicketKeys
        /// In nanoseconds, as it is handed over.
        var period: UInt64
        var due: UInt64?
    }

    private let entries = Mutex<[String: Entry]>([:])

    init() {}

    /// - Parameter duration: after which another key is used; 0 = never.
    func keys(for listener: String, rotatedEvery duration: Duration) throws(TLSError) -> TicketKeys {
        let period = duration.nanoseconds
        let known = entries.withLock { entries -> TicketKeys? in
            if entries[listener]?.period != period {
                entries[listener]?.period = period
                entries[listener]?.due = nil
            }
            return entries[listener]?.keys
        }
        if let known { return known }
        let new = try TicketKeys()
        entries.withLock { $0[listener] = Entry(keys: new, period: period) }
        return new
    }

    /// Changes the keys whose time has come. Returns when the next one's comes, in nanoseconds of the same clock.
    func rotate(at now: UInt64) -> UInt64? {
        entries.withLock { entries in
            var next: UInt64?
            for (name, entry) in entries where entry.period > 0 {
                var due = entry.due ?? now &+ entry.period
                if due <= now {
                    // Without random bytes the old key serves until there are some.
                    try? entry.keys.rotate()
                    due = now &+ entry.period
                }
                entries[name]?.due = due
                next = min(next ?? .max, due)
            }
            return next
        }
    }

    /// The keys as another process has to take them.
    var handed: [HandedState.Tickets] {
        entries.withLock { entries in
            entries.map { name, entry in
                HandedState.Tickets(
                    listener: name, secrets: entry.keys.secrets, period: entry.period, due: entry.due)
            }.sorted { $0.listener < $1.listener }
        }
    }

    /// Goes on with the keys of the process before this one; they change when they would have there. Returns how many
    /// listeners have some now.
    func take(_ tickets: [HandedState.Tickets], at now: UInt64) -> Int {
        entries.withLock { entries in
            var count = 0
            for handed in tickets {
                guard let entry = entries[handed.listener], let current = handed.secrets.first else {
                    continue
                }
                entry.keys.take(
                    current: current, previous: handed.secrets.count > 1 ? handed.secrets[1] : nil)
                count += 1
                guard entry.period == handed.period, let due = handed.due else { continue }
                entries[handed.listener]?.due = min(due, now &+ entry.period)
            }
            return count
        }
    }
}
