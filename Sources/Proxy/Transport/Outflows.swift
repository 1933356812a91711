internal import EventLoop
internal import HTTP2Protocol
internal import WebSocketProtocol

extension HTTP2Stream {
    /// How far what was written to this stream has got.
    ///
    /// - Parameter connection: of the connection that it shares with others.
    func outflow(on connection: Outflow) -> Outflow {
        let held = bufferedBytes
        return Outflow(
            held: held, left: writtenBytes &- UInt64(held), end: connection.end,
            acknowledged: connection.acknowledged, unsent: connection.unsent)
    }
}

/// What is read for a stream's peer is no more than it takes.
extension HTTP2Stream: ReadBound {}
