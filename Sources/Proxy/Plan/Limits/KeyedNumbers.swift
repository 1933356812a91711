internal import Access
internal import Configuration
internal import Durations

/// The numbers of one entry of a route's `limits.per`; those of its key's store are the newest configuration's.
struct KeyedNumbers: Equatable, Sendable {
    /// 0 = no limit, as everywhere here.
    var connections = 0
    var sessions = 0
    var upgrades = Rate(0, burst: 0)
    var messages = Rate(0, burst: 0)
    var bytes = Rate(0, burst: 0)
    /// What sessions over a rate are closed with; nil = they are read later.
    var closeCode: UInt16?

    /// Nothing is limited.
    init() {}

    init(_ limit: KeyedLimitConfiguration) {
        connections = limit.connections
        sessions = limit.sessions
        if limit.closesOverRate { closeCode = limit.closeCode }
        let minute = 60 * Rate.oneSecond
        switch limit.burst {
        case .time(let time):
            upgrades = Rate(limit.upgradesPerMinute, per: minute, atOnce: limit.upgradesPerMinute)
            messages = Rate(limit.messagesPerSecond, burst: time.nanoseconds)
            bytes = Rate(limit.bytesPerSecond, burst: time.nanoseconds)
        case .count(let count):
            upgrades = Rate(limit.upgradesPerMinute, per: minute, atOnce: count)
            messages = Rate(limit.messagesPerSecond, atOnce: count)
            bytes = Rate(limit.bytesPerSecond, burst: Rate.oneSecond)
        }
    }

    /// Whether what sessions carry is counted.
    var isMetered: Bool { messages.isOn || bytes.isOn }
}
