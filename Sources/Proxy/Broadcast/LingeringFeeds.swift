/// Feeds of one upstream that nobody receives any more, in the order in which they began to wait: finding the first one
/// costs the same however many there are. One that has clients again, or has ended, stays until its turn comes.
struct LingeringFeeds {
    private struct Entry {
        weak var feed: Feed?
        let since: UInt64

        /// It has been idle since then, and lives.
        var isCurrent: Bool { feed.map { !$0.isOver && $0.isIdle && $0.idleSince == since } ?? false }
    }

    private var entries: [Entry] = []
    /// Those before it are done with.
    private var head = 0
    /// How many were kept when they were looked through last.
    private var kept = 0

    /// The last client of a feed has gone.
    mutating func append(_ feed: Feed) {
        entries.append(Entry(feed: feed, since: feed.idleSince))
        // Each is looked at twice at most for each that is added.
        guard entries.count - head > 2 * kept + 64 else { return }
        entries = entries[head...].filter(\.isCurrent)
        head = 0
        kept = entries.count
    }

    /// The one that has waited longest, which is to make room.
    mutating func takeLongest() -> Feed? {
        defer {
            if head >= entries.count - head {
                entries.removeSubrange(0..<head)
                head = 0
            }
        }
        while head < entries.count {
            let entry = entries[head]
            head += 1
            if entry.isCurrent { return entry.feed }
        }
        return nil
    }
}
