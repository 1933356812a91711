/// The owner of a peer, which decides on what comes in.
protocol PeerOwner: AnyObject {
    /// Bytes came, or what waited may be looked at; they may be changed in place and are gone after the call.
    ///
    /// - Parameter part: what the bytes begin with, when that is the rest of a frame that is being inflated.
    func received(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer)
    /// The peer has ended its side, in order or not.
    func ended(_ peer: WebSocketPeer, _ error: TransportError?)
    /// It has ended its side behind what is not read of it; `ended` follows when that is.
    func endsUnread(_ peer: WebSocketPeer)
    /// All that was written has gone.
    func flushed(_ peer: WebSocketPeer)
    /// The peer has sent a Ping, which was answered.
    func pinged(by peer: WebSocketPeer)
    /// A Pong came with this.
    func ponged(_ payload: [UInt8], by peer: WebSocketPeer)
}

extension PeerOwner {
    /// For those that read all there is.
    func endsUnread(_ peer: WebSocketPeer) {}
    /// For those that have nobody to pass it on to.
    func pinged(by peer: WebSocketPeer) {}
    /// For those that ask for nothing but life.
    func ponged(_ payload: [UInt8], by peer: WebSocketPeer) {}
}
