/// How much may wait on a stream: little at first, and as much more as its peer has taken of it.
///
/// So what waits on all streams of a connection is bounded by what the peer has taken, however many it opens and however
/// it keeps its windows (RFC 9113, 10.5).
struct StreamRoom: Equatable {
    /// Bytes, for a peer that has taken nothing.
    static let least = 1024
    /// Nothing becomes faster beyond it.
    static let most = 1 << 20

    /// So many may wait.
    private(set) var bytes = StreamRoom.least

    /// So many have been framed: the windows allow them, and the kernel takes them.
    @inline(__always)
    mutating func taken(_ count: Int) { bytes = min(bytes &+ count, Self.most) }
}

/// What the peer may send on a stream before any of it is taken: a first window, which doubles with each one that its
/// owner has taken in full, as long as it is the window that holds the peer up.
///
/// What is on its way on one stream is what all others of the connection wait behind, so a window larger than what comes
/// in a round trip makes nothing faster, and everything beside it slower.
struct StreamWindow: Equatable {
    /// Bytes.
    private(set) var size: Int
    private var most: Int
    /// Taken since it was last asked whether it should grow.
    private var taken = 0
    /// Since when, in nanoseconds.
    private var since: UInt64

    /// - Parameters:
    ///   - most: up to which it grows; no more than `first` = it does not.
    ///   - now: monotonic nanoseconds.
    init(first: Int, most: Int, at now: UInt64) {
        size = first
        self.most = max(first, most)
        since = now
    }

    /// It may grow so far; never less than it may already.
    mutating func grows(to most: Int) { self.most = max(self.most, most) }

    /// A window is given back in steps, as each look at it costs as much as a small frame. Small ones: the peer is told when
    /// half of the window is free again, and must not come near its end before that.
    var step: Int { size / 16 }

    /// So many bytes were taken. True when it has grown.
    ///
    /// - Parameter roundTrip: of the connection, in nanoseconds; asked seldom. nil = it grows without regard to that.
    mutating func returned(_ count: Int, at now: UInt64, roundTrip: () -> UInt64?) -> Bool {
        guard size < most else { return false }
        taken += count
        guard taken >= size else { return false }
        let spent = now &- min(since, now)
        (taken, since) = (0, now)
        // A peer that only waits for its window needs one round trip for each.
        if let time = roundTrip(), spent / 2 > time { return false }
        size = min(2 * size, most)
        return true
    }
}
