/// Is told what happens on a connection, which this module does not know. Every call but `outputWaiting` and
/// `roundTrip` comes from inside `HTTP2Session.receive` or `takeOutput`; streams may be opened, written and reset in it.
package protocol HTTP2SessionReceiver: AnyObject {
    /// Server: a request came; the stream's receiver is to be set now.
    func streamOpened(_ stream: HTTP2Stream, _ head: HTTP2RequestHead)
    /// Server: a request was one more than the streams that may be open at once, and was refused.
    func streamRefused()
    /// The peer's settings came or changed.
    func settingsReceived(_ settings: HTTP2PeerSettings)
    /// The peer takes no new streams; those of ours over `lastStream` were not processed and end as refused.
    func goAwayReceived(lastStream: Int32, code: HTTP2Code)
    /// The answer to `ping`.
    func pongReceived()
    /// The least time from the sending of a byte to its acknowledgement, in nanoseconds; nil where windows are to grow
    /// without regard to that.
    var roundTrip: UInt64? { get }
    /// Something is to be sent: `takeOutput` is to be called soon. Told once until then.
    func outputWaiting()
}

/// Is told what happens on a stream.
package protocol HTTP2StreamReceiver: AnyObject {
    /// Client: a response's head came, an interim one (1xx) or the final one.
    func streamAnswered(_ head: HTTP2ResponseHead)
    /// Data came; it may be changed in place and is gone after the call. What was taken is to be given back to flow
    /// control by `HTTP2Stream.consume`, now or later.
    func streamReceived(_ bytes: inout MutableSpan<UInt8>)
    /// Trailers came; `streamEnded` follows.
    func streamTrailers(_ fields: HTTP2Fields)
    /// The peer has ended its side in order.
    func streamEnded()
    /// All that was written has left the stream's queue. Told where `bufferedBytes` or `isFull` has said since the last time
    /// that something waits there, and where one of the sides has ended.
    func streamFlushed()
    /// The stream is over: in order on both sides (`noError`), reset by either, or with the connection.
    func streamClosed(_ code: HTTP2Code)
}
