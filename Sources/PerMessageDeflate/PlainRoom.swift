/// How much may be made at a time of what a peer sends compressed, and wait for the other side: little at first, and more
/// as the peer goes on sending. A few bytes that mean many are inflated no further than that until somebody takes it.
package enum PlainRoom {
    /// Bytes, for a peer that has sent nothing yet.
    package static let least = 8 * 1024
    /// Nothing becomes faster beyond it.
    package static let most = 64 * 1024

    /// Bytes that may wait.
    ///
    /// - Parameter received: bytes that the peer has sent in all.
    package static func bytes(received: UInt64) -> Int {
        min(least &+ Int(clamping: min(received, UInt64(most))), most)
    }

    /// Bytes to be made now: never none, as what waits is what tells that it can go on.
    ///
    /// - Parameter waiting: bytes that wait already.
    package static func step(received: UInt64, waiting: Int) -> Int {
        max(bytes(received: received) &- max(waiting, 0), 1024)
    }
}
