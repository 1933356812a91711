internal import EventLoop
internal import HTTP2Protocol
internal import PerMessageDeflate
internal import WebSocketProtocol

/// The connection that a stream is one of, and what is owed to it when the stream ends.
protocol StreamCarrier: AnyObject {
    /// Of what its streams hold.
    var account: MemoryAccount { get }
    /// What compression may hold for all of them; nil before the connection speaks HTTP/2.
    var contexts: ContextShare? { get }
    /// How far what all its streams send has got.
    var outflow: Outflow { get }
    /// Its streams are asked for by us; else by the peer.
    var asks: Bool { get }
    /// A stream is over.
    func carriedStreamEnded()
    /// A stream of ours, whose peer is to end its side in time.
    func linger(_ stream: HTTP2Stream)
}

extension StreamConnection: StreamCarrier {
    /// A client's: streams are its own, and whoever serves it counts them.
    var asks: Bool { false }
    func carriedStreamEnded() {}
    func linger(_ stream: HTTP2Stream) {}
}
