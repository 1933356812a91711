internal import CLinux

// What the kernel alone knows of a socket, and does when it is told. System calls: for deadlines, not for frames.
extension StreamSocket {
    /// Bytes that the kernel has taken and the peer's has not acknowledged, or, of a Unix socket, that the peer has not read,
    /// with what the kernel needs to keep them.
    package var unacknowledgedBytes: Int { isClosed ? 0 : max(Int(trunkline_unacknowledged(descriptor)), 0) }

    /// Those of them that have not left the machine, as the peer has no room for them or the line is slow.
    package var unsentBytes: Int { isClosed ? 0 : max(Int(trunkline_unsent(descriptor)), 0) }

    /// The least round trip of a TCP connection, in nanoseconds; 0 where it can't be told.
    package var roundTrip: UInt64 { isClosed ? 0 : trunkline_least_round_trip(descriptor) }

    /// Acknowledges now what has come, instead of with what we send, or some 40 ms later (RFC 9293, 3.8.6.3): for a peer
    /// that sends nothing small before that (3.7.4), and to which we have nothing to say. Unix sockets need none.
    package func acknowledge() {
        guard !isClosed else { return }
        try? SocketCalls.set(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, 1)
    }

    /// Our end's address; nil when it can't be told any more.
    package var localAddress: SocketAddress? { try? SocketCalls.localAddress(descriptor) }

    /// The peer's address.
    package var peerName: String {
        (try? SocketCalls.peerAddress(descriptor))?.description ?? "?"
    }

    /// Whether nothing has come that was not read: no bytes, no end, no error.
    package var isQuiet: Bool {
        guard case .open = phase, !isClosed else { return false }
        return trunkline_is_quiet(descriptor) != 0
    }

    /// Bounds what the kernel takes beyond what it has sent (TCP_NOTSENT_LOWAT). Unix sockets know no such bound.
    package func limitUnsent(to bytes: Int32) {
        guard !isClosed else { return }
        isUnsentBounded = true
        try? SocketCalls.set(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, bytes)
    }

    /// It has just begun to connect by TCP: the kernel is told of keepalive when it has lasted, and of the bound when much is
    /// sent. One that was accepted has both from its listener.
    func beginYouth() {
        isUnsentBounded = false
        loop.young.add(self)
    }

    func hasLasted() { if !isClosed { SocketCalls.keepAlive(descriptor) } }

    /// Sends a last word, as far as the kernel takes it, and closes. What has come is read first: unread, it would make
    /// the kernel send a reset, which eats our word.
    package func dismiss(_ word: Span<UInt8>) {
        guard !isClosed else { return }
        _ = unsafe trunkline_recv(descriptor, loop.receiveBuffer, EventLoop.receiveCapacity)
        _ = offer(word)
        if !isClosed { _ = shutdown(descriptor, Int32(SHUT_WR)) }
        close()
    }
}
