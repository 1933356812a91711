extension SessionMeter {
    /// Takes over what the side has counted since the last time.
    func take(from peer: WebSocketPeer, feeds: Bool = false) {
        peer.takeNew { now, then in add(peer.side, now, since: then, feeds: feeds) }
    }
}
