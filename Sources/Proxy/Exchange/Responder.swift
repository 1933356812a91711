internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// Writes one response to a client, in the way of its protocol version.
///
/// What is composed in one turn leaves in one write: `flush` sends it.
protocol Responder: AnyObject {
    /// The status of the final response; 0 before it has begun.
    var status: Int { get }
    /// Bytes of the body, as the backend sent them.
    var bodyBytes: UInt64 { get }
    /// Whether the connection may serve another request when this one is answered.
    var keepsAlive: Bool { get }
    /// How far what was written to the client has got.
    var outflow: Outflow { get }
    /// What the client takes at a time; nil = as much as fits.
    var readBound: (any ReadBound)? { get }
    /// Whether more than it may hold is of that kind.
    func isFull(beyond limit: Int) -> Bool
    /// 1xx.
    func interim(_ head: ResponseHead)
    func begin(_ head: ResponseHead, framing: BodyFraming)
    func body(_ bytes: Span<UInt8>)
    func end(trailers: HeaderFields)
    /// Sends what was composed.
    func flush()
}
