internal import Configuration

/// What the feeds of one upstream have done on one worker: plain numbers, read when somebody asks for the metrics.
final class FeedTally {
    /// Feeds that are open, opening, or waiting to be opened again, and the clients on them.
    private(set) var feeds = 0
    /// Those of them that wait for clients.
    private var lingering = LingeringFeeds()
    private(set) var subscribers = 0
    /// Connections that their feeds have left and that are not closed yet.
    private(set) var leaving = 0
    /// Messages that came from the backend, and those given to clients in full.
    private(set) var messages: UInt64 = 0
    private(set) var deliveries: UInt64 = 0
    /// Messages that slow clients were not given, and clients closed for being slow.
    private(set) var droppedOldest: UInt64 = 0
    private(set) var droppedForLatest: UInt64 = 0
    private(set) var slowClosed: UInt64 = 0
    /// Connections lost, opened again, and the nanoseconds in between, in which messages may have been missed.
    private(set) var lost: UInt64 = 0
    private(set) var reopened: UInt64 = 0
    private(set) var missed: UInt64 = 0
    /// Messages over the size limit.
    private(set) var leftOut: UInt64 = 0
    /// Messages of clients passed on, and those for which there was no connection.
    private(set) var forwarded: UInt64 = 0
    private(set) var notForwarded: UInt64 = 0

    // MARK: Feeds and clients

    func opened() { feeds += 1 }
    func closed() { feeds -= 1 }
    func joined() { subscribers += 1 }
    func left() { subscribers -= 1 }

    /// The last client of a feed has gone.
    func waits(_ feed: Feed) { lingering.append(feed) }

    /// The feed that has waited longest for clients, which is to make room.
    func takeLongestWaiting() -> Feed? { lingering.takeLongest() }

    // MARK: Connections

    func beganLeaving() { leaving += 1 }
    func hasLeft() { leaving -= 1 }
    func lostConnection() { lost &+= 1 }

    /// - Parameter nanoseconds: how long there was none.
    func reopened(after nanoseconds: UInt64) {
        reopened &+= 1
        missed &+= nanoseconds
    }

    /// It is not opened again.
    func givenUp(after nanoseconds: UInt64) { missed &+= nanoseconds }

    // MARK: Messages

    func received() { messages &+= 1 }
    func delivered(_ count: Int) { deliveries &+= UInt64(count) }
    func leftOutOne() { leftOut &+= 1 }
    func closedSlow() { slowClosed &+= 1 }

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
