/// What one side of a connection announces and keeps to.
package struct HTTP2Options: Equatable, Sendable {
    /// Bytes that the peer may send on a stream before we have consumed any, to begin with.
    package var streamWindow: Int
    /// What that becomes, by and by, on a stream whose owner goes on consuming.
    package var grownWindow = 0
    /// Bytes that the peer may send on all streams together before we have consumed any.
    package var connectionWindow: Int
    /// Received bytes that the streams' owners may leave unconsumed before the connection's window closes too, and
    /// written bytes that may wait before every stream counts as full.
    package var heldBytes: Int
    /// Streams that the peer may have open at once.
    package var maxStreams: Int
    /// Bytes of a header list, counted as RFC 9113, 6.5.2 does; larger ones are `isTooLarge`.
    package var maxHeaderList: Int
    /// Client: interim responses (1xx) that may come before a final one.
    package var interimHeads = 1000
    /// Server: whether extended CONNECT is taken (RFC 8441, 3).
    package var enablesConnect: Bool
    /// What the peer may ask for in a while.
    package var abuse: HTTP2AbuseLimits

    /// Defaults that fit a public edge.
    package init(
        streamWindow: Int = 65_535, connectionWindow: Int = 1 << 20, heldBytes: Int = 4 << 20,
        maxStreams: Int = 128, maxHeaderList: Int = 16 << 10, enablesConnect: Bool = false,
        abuse: HTTP2AbuseLimits = HTTP2AbuseLimits()
    ) {
        self.streamWindow = streamWindow
        self.connectionWindow = connectionWindow
        self.heldBytes = heldBytes
        self.maxStreams = maxStreams
        self.maxHeaderList = maxHeaderList
        self.enablesConnect = enablesConnect
        self.abuse = abuse
    }
}

/// What the peer has announced (RFC 9113, 6.5.2; RFC 8441, 3).
package struct HTTP2PeerSettings: Equatable, Sendable {
    /// Streams that we may have open at once.
    package let maxStreams: Int
    /// Whether extended CONNECT is taken.
    package let enablesConnect: Bool
    /// Bytes that we may send on a new stream.
    package let streamWindow: Int

    /// From its parts.
    package init(maxStreams: Int, enablesConnect: Bool, streamWindow: Int) {
        self.maxStreams = maxStreams
        self.enablesConnect = enablesConnect
        self.streamWindow = streamWindow
    }
}
