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
/// owner has taken in full.
struct StreamWindow: Equatable {
    /// Bytes.
    private(set) var size: Int
    private let most: Int
    /// Taken since it has grown.
    private var taken = 0

    /// - Parameter most: up to which it grows; no more than `first` = it does not.
    init(first: Int, most: Int) {
        size = first
        self.most = max(first, most)
    }

    /// A window is given back in steps, as each look at it costs as much as a small frame. Small ones: the peer is told when
    /// half of the window is free again, and must not come near its end before that.
    var step: Int { size / 16 }

    /// So many bytes were taken. True when it has grown.
    mutating func returned(_ count: Int) -> Bool {
        guard size < most else { return false }
        taken += count
        guard taken >= size else { return false }
        (size, taken) = (min(2 * size, most), 0)
        return true
    }
}
