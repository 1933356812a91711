internal import EventLoop
internal import HTTP2Protocol
internal import PerMessageDeflate
internal import TLS
internal import WebSocketProtocol

/// Is told what happens on a transport. A failed write is told after the turn's events, never inside the call.
protocol TransportReceiver: AnyObject {
    /// Connected and, where TLS is spoken, agreed: bytes may flow.
    func transportOpened()
    /// Bytes came; they may be changed in place and are gone after the call.
    func transportReceived(_ bytes: inout MutableSpan<UInt8>)
    /// The peer has ended its side in order.
    func transportEnded()
    /// The same, behind bytes that aren't read: `transportEnded` or `transportFailed` follows when they are.
    func transportEndsUnread()
    /// All that was written has gone to the kernel.
    func transportFlushed()
    /// The transport is broken and closed.
    func transportFailed(_ error: TransportError)
}

extension TransportReceiver {
    /// For those who wait for what stands before the end, however long that takes.
    func transportEndsUnread() {}
}

/// Whether whoever reads for a transport is to go on.
enum Fullness {
    case open
    /// The kernel has lately refused bytes: it has much to send, and what is read now is copied once more.
    case refuses
    /// As much waits as may.
    case full
}

/// One side's bytes: TCP, TLS over TCP, a Unix socket, or a stream of a multiplexed connection. A relay knows
/// transports, never sockets.
protocol ByteTransport: AnyObject {
    var receiver: (any TransportReceiver)? { get set }
    /// On which every byte is that is held for the peer.
    var account: MemoryAccount { get }
    /// What compression may hold for all sessions of its connection; nil where it carries one.
    var contexts: ContextShare? { get }
    /// The peer has ended its side behind bytes that aren't read; that may have been told to whoever received before.
    var endsUnread: Bool { get }
    /// What was written and not yet taken by the kernel.
    var bufferedBytes: Int { get }
    /// How far what was written has got, the kernel's view included: for deadlines, not for frames.
    var outflow: Outflow { get }
    /// Whether more waits than the limit, or than what the transport shares with others allows.
    func isFull(beyond limit: Int) -> Bool
    /// The same for whoever passes on what it reads.
    func fullness(beyond limit: Int) -> Fullness
    func write(_ bytes: Span<UInt8>)
    /// Writes the answer to a Close of the peer, which has nothing more to say but its end.
    func answerClose(_ bytes: Span<UInt8>)
    /// Takes as many of the bytes as can go now and returns how many; the caller keeps the rest, and goes on with it when
    /// `transportFlushed` is told. 0 while earlier bytes wait.
    func offer(_ bytes: Span<UInt8>) -> Int
    /// How many bytes are worth making at once for the peer, up to so many.
    func room(within most: Int) -> Int
    /// What the peer takes at a time, for whoever reads on its behalf; nil = as much as fits.
    var readBound: (any ReadBound)? { get }
    /// Reads no more at once than the one takes that it goes to.
    func read(for bound: (any ReadBound)?)
    /// Makes the kernel keep little that the peer has not taken: what it keeps can't be replaced by something newer.
    func keepUnsentSmall()
    func pauseReading()
    func resumeReading()
    /// Ends our side in order when everything written has gone; reading goes on until the peer ends too.
    func finish()
    /// Closes now; nothing more is told.
    func close()
    /// Closes now with a reset, so that the peer knows something was lost.
    func abort()
    /// Adds where a write looks.
    func addLines(to lines: inout CacheLines)
}

extension ByteTransport {
    var contexts: ContextShare? { nil }
    var endsUnread: Bool { false }

    func answerClose(_ bytes: Span<UInt8>) { write(bytes) }

    func isFull(beyond limit: Int) -> Bool { bufferedBytes > limit }
    func fullness(beyond limit: Int) -> Fullness { isFull(beyond: limit) ? .full : .open }

    /// For transports that keep bytes of their own: a piece at a time, and nothing while one waits.
    func offer(_ bytes: Span<UInt8>) -> Int {
        guard bufferedBytes == 0 else { return 0 }
        let count = min(bytes.count, 16 * 1024)
        write(bytes.extracting(0..<count))
        return count
    }

    func room(within most: Int) -> Int { most }
    var readBound: (any ReadBound)? { nil }
    func read(for bound: (any ReadBound)?) {}
    func keepUnsentSmall() {}
    func addLines(to lines: inout CacheLines) {}
}
