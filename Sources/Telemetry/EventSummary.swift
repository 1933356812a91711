/// What becomes of an event that may be written.
package enum OnEvent: Equatable, Sendable {
    case write
    /// One of its kind was written a moment ago: it is counted, and the last of them is written by and by.
    case hold
}

/// Decides which events of a kind are written: the first at once, then at most one a second with the number of those
/// that came since. A peer can cause as many events as it likes; what it causes must not bury the others.
///
/// Holds a bounded number of kinds, whatever comes. Times are nanoseconds given by the caller.
package struct EventSummary<Line> {
    /// Events that say the same of the same thing.
    package struct Kind: Hashable, Sendable {
        /// The constant text of the event.
        package let message: String
        /// What it is about, e.g. the name of an upstream; empty where that does not matter.
        package let subject: String

        /// Events with this text about this thing.
        package init(message: String, subject: String) {
            self.message = message
            self.subject = subject
        }
    }

    /// The last of several events, and how many there were.
    package struct Summary {
        /// The last one, or what it was joined to.
        package let line: Line
        /// How many came since one was written, this one included.
        package let count: UInt64
    }

    private struct Entry {
        var writtenAt: UInt64
        /// How many were written since then.
        var written = 1
        var count: UInt64 = 0
        var last: Line?
    }

    private static var pause: UInt64 { 1_000_000_000 }
    private let capacity: Int
    private let joined: (Line, Line) -> Line
    private var entries: [Kind: Entry] = [:]

    /// - Parameters:
    ///   - capacity: for how many things events are told apart at a time. Beyond it they are only told apart by their
    ///     texts, of which there is a fixed number.
    ///   - joined: what stands for those that wait and one more; the one more, unless it is given.
    package init(capacity: Int = 1024, joined: @escaping (Line, Line) -> Line = { $1 }) {
        self.capacity = capacity
        self.joined = joined
    }

    /// How many kinds are remembered.
    package var kinds: Int { entries.count }

    /// An event has come.
    ///
    /// - Parameter burst: so many are written at once, of kinds of which each says something of its own.
    package mutating func came(_ kind: Kind, _ line: Line, at now: UInt64, burst: Int = 1) -> OnEvent {
        let kind =
            entries.count < capacity || entries[kind] != nil ? kind : Kind(message: kind.message, subject: "")
        guard var entry = entries[kind] else {
            entries[kind] = Entry(writtenAt: now)
            return .write
        }
        // One that waits is written first, by `due`: this one is its successor.
        if entry.count == 0, now &- entry.writtenAt >= Self.pause {
            entries[kind] = Entry(writtenAt: now)
            return .write
        }
        if entry.count == 0, entry.written < burst {
            entry.written += 1
            entries[kind] = entry
            return .write
        }
        entry.count += 1
        entry.last = entry.last.map { joined($0, line) } ?? line
        entries[kind] = entry
        return .hold
    }

    /// What is to be written now. To be asked about once a second.
    ///
    /// - Parameter isEnd: everything, since nothing will be written later.
    package mutating func due(at now: UInt64, isEnd: Bool = false) -> [Summary] {
        var due: [Summary] = []
        for (kind, entry) in entries where isEnd || now &- entry.writtenAt >= Self.pause {
            if let last = entry.last {
                due.append(Summary(line: last, count: entry.count))
                entries[kind] = Entry(writtenAt: now)
            } else {
                entries[kind] = nil
            }
        }
        return due
    }
}
