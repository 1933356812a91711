internal import Logging
internal import WebSocketProtocol

/// A client past its handshake, as its worker keeps it: a session with a backend of its own, or a subscriber of a feed.
protocol LiveSession: AnyObject {
    /// Where the worker keeps it; -1 when it doesn't.
    var position: Int { get set }
    var route: Route { get }
    /// The backend whose end would be this one's; nil when another may take over unseen.
    var backendName: String? { get }
    /// Takes its transports over.
    func start()
    /// Ends it because the process, its route or its backend goes.
    func drain(code: CloseCode, reason: String)
    /// The same with 1001, when this many nanoseconds have passed.
    func drain(after delay: UInt64)
    /// The fields of the line that it leaves in the log.
    func logFields(at now: UInt64) -> Logger.Metadata
}
