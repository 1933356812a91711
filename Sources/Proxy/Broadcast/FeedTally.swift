internal import Configuration

/// What the feeds of one upstream have done on one worker: plain numbers, read when somebody asks for the metrics.
final class FeedTally {
    /// Feeds that are open, opening, or waiting to be opened again, and the clients on them.
    var feeds = 0
    /// Those of them that wait for clients.
    var lingering = LingeringFeeds()
    var subscribers = 0
    /// Connections that their feeds have left and that are not closed yet.
    var leaving = 0
    /// Messages that came from the backend, and those given to clients in full.
    var messages: UInt64 = 0
    var deliveries: UInt64 = 0
    /// Messages that slow clients were not given, and clients closed for being slow.
    private(set) var droppedOldest: UInt64 = 0
    private(set) var droppedForLatest: UInt64 = 0
    var slowClosed: UInt64 = 0
    /// Connections lost, opened again, and the nanoseconds in between, in which messages may have been missed.
    var lost: UInt64 = 0
    var reopened: UInt64 = 0
    var missed: UInt64 = 0
    /// Messages over the size limit.
    var leftOut: UInt64 = 0
    /// Messages of clients passed on, and those for which there was no connection.
    private(set) var forwarded: UInt64 = 0
    private(set) var notForwarded: UInt64 = 0

    /// Messages were left out for a client.
    func dropped(_ count: UInt64, by policy: BroadcastConfiguration.SlowClient) {
        switch policy {
        case .latest: droppedForLatest &+= count
        case .dropOldest, .close: droppedOldest &+= count
        }
    }

    func forwarded(_ wasPassed: Bool) {
        if wasPassed { forwarded &+= 1 } else { notForwarded &+= 1 }
    }
}
