internal import Logging

/// A client past its handshake, as its worker keeps it: a session with a backend of its own, or a subscriber of a feed.
protocol LiveSession: AnyObject {
    /// Where the worker keeps it; -1 when it doesn't.
    var position: Int { get set }
    var route: Route { get }
    var upstreamName: String { get }
    /// The backend whose end would be this one's; nil when another may take over unseen.
    var backendName: String? { get }
    /// Takes its transports over.
    func start()
    /// Why it is to be closed before its time, where that is so.
    var plannedDrain: DrainCause? { get }
    /// Ends it when this many nanoseconds have passed, with the code and reason of the cause. A later call replaces an
    /// earlier one.
    func drainSoon(after delay: UInt64, because cause: DrainCause)
    /// It may stay after all.
    func keep()
    /// Who ended it first and how; nil while it goes on.
    var ending: SessionEnding? { get }
    /// When it began, on the loop's clock.
    var began: UInt64 { get }
    /// Brings the metrics of its worker up to date with what it has carried (`SessionMeter.take`).
    func putInMetrics()
    /// Bytes that wait for its peers to take them.
    var bufferedBytes: (client: Int, backend: Int) { get }
    /// The fields of the line that it leaves in the log.
    func logFields(at now: UInt64) -> Logger.Metadata
}

extension LiveSession {
    /// Whether it waits for its end because its route or backend is gone.
    var isStray: Bool { plannedDrain == .routeGone || plannedDrain == .backendGone }
}
