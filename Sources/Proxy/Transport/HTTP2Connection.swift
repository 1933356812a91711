internal import BasicContainers
internal import EventLoop
internal import HTTP2Protocol
internal import PerMessageDeflate

/// Why an HTTP/2 connection is over.
enum HTTP2ConnectionEnd: Equatable {
    /// In order: the peer has ended it, or nothing more was to be said after GOAWAY.
    case finished
    case transport(TransportError)
    case http2(HTTP2Error)

    /// For the streams that end with it.
    fileprivate var loss: HTTP2ConnectionLoss {
        switch self {
        case .http2: .cut(reason)
        case .transport(.system(.memoryCut)): .memory
        case .finished, .transport: .lost(reason)
        }
    }

    var reason: String {
        switch self {
        case .finished: "connection ended"
        case .transport(let error): error.description
        case .http2(let error): error.description
        }
    }
}

/// Whose connection it is: the client's side or the pool towards a backend.
protocol HTTP2ConnectionOwner: AnyObject {
    /// A client's request; the stream's receiver is to be set now. Never told on connections to backends.
    func connectionOpened(_ stream: HTTP2Stream, _ head: HTTP2RequestHead)
    /// The client has opened more streams than it may.
    func connectionRefusedStream()
    func connectionSettings(_ settings: HTTP2PeerSettings)
    func connectionGoAway(lastStream: Int32, code: HTTP2Code)
    func connectionPong()
    /// A request's head has begun and is not complete, or none is incomplete any longer.
    func connectionHeadPending(_ isPending: Bool)
    /// Frames wait that the kernel has not taken, because the peer does not read.
    func connectionBlocked()
    /// Every stream has been told, and nothing more will be. What was said last may still be on its way: `close` follows
    /// when it has had its time.
    func connectionEnded(_ end: HTTP2ConnectionEnd)
    /// After `connectionEnded`: the peer has ended its side too.
    func connectionClosed()
}

extension HTTP2ConnectionOwner {
    func connectionRefusedStream() {}
    func connectionHeadPending(_ isPending: Bool) {}
    func connectionBlocked() {}
    func connectionClosed() {}
}

/// Joins an HTTP/2 session to its connection: what comes is given to the session, and the frames that it has ready at
/// the end of a turn leave in one write, whichever streams they belong to; those of a line to a backend may wait for more.
///
/// While the kernel takes no more, frames stay in their streams' queues, where each stream's owner sees them.
final class HTTP2Connection: TransportReceiver, HTTP2SessionReceiver, TurnTarget {
    /// Bytes that are framed for one write; no more than this is left to the kernel's pace.
    private static let burst = 64 * 1024

    let session: HTTP2Session
    let transport: StreamConnection
    private let worker: LoopContext
    private weak var owner: (any HTTP2ConnectionOwner)?
    private var isFlushPlanned = false
    private var gathering: GatherMachine
    private var isOver = false
    private var pendingHead: Int32?
    /// What the session's streams have waiting for the peer.
    private var waiting: MemoryCharge
    /// The header block that is coming in.
    private var headCharge: MemoryCharge
    /// Bytes of all frames, as a measure of what goes on.
    private(set) var bytesReceived: UInt64 = 0
    private(set) var bytesSent: UInt64 = 0

    /// - Parameter gather: how long frames of streams may wait for others, in nanoseconds.
    init(
        _ side: HTTP2Side, on transport: StreamConnection, _ options: HTTP2Options,
        owner: any HTTP2ConnectionOwner, worker: LoopContext, gather: UInt64 = 0
    ) throws(HTTP2Error) {
        self.transport = transport
        gathering = GatherMachine(atMost: gather)
        self.worker = worker
        self.owner = owner
        waiting = MemoryCharge(to: transport.account)
        headCharge = MemoryCharge(to: transport.account)
        transport.contexts = ContextShare(most: options.heldBytes)
        session = try HTTP2Session(side, options, buffers: worker.http2Buffers, at: worker.loop.now)
        session.receiver = self
        if side == .client { transport.account.holder = self }
    }

    deinit {
        if session.side == .client { transport.account.holder = nil }
    }

    /// Takes the transport over and announces our settings.
    func start() {
        transport.receiver = self
        outputWaiting()
        transport.resumeReading()
    }

    /// Whether all that was framed has gone to the kernel.
    var bufferedBytes: Int { transport.bufferedBytes }

    /// Closes the connection at once; every stream is told, and the owner is not.
    func close(_ loss: HTTP2ConnectionLoss = .lost("connection ended")) {
        owner = nil
        if !isOver {
            isOver = true
            session.end(.internalError, loss)
        }
        waiting.set(0)
        headCharge.set(0)
        transport.close()
    }

    // MARK: In

    func transportOpened() {}

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard !isOver else { return }
        bytesReceived &+= UInt64(bytes.count)
        do throws(HTTP2Error) {
            try receive(&bytes)
            headCharge.set(session.blockBytes)
            tellHeadPending()
            if session.isFinished { outputWaiting() }
        } catch {
            // GOAWAY says why.
            send()
            end(.http2(error))
        }
    }

    private func receive(_ bytes: inout MutableSpan<UInt8>) throws(HTTP2Error) {
        // What a backend sends to many clients at once.
        if session.side == .client { worker.sendBatch.open() }
        defer { worker.sendBatch.close() }
        try session.receive(&bytes, at: worker.loop.now)
    }

    private func tellHeadPending() {
        guard session.pendingHead != pendingHead else { return }
        pendingHead = session.pendingHead
        owner?.connectionHeadPending(pendingHead != nil)
    }

    func transportEnded() { endedByPeer(.finished) }
    func transportFailed(_ error: TransportError) { endedByPeer(.transport(error)) }

    private func endedByPeer(_ end: HTTP2ConnectionEnd) {
        self.end(end)
        owner?.connectionClosed()
    }

    // MARK: Out

    func outputWaiting() {
        guard !isFlushPlanned, !isOver else { return }
        isFlushPlanned = true
        worker.loop.atTurnEnd(self)
    }

    func turnEnded() {
        let decision = gathering.turnEnded(
            streams: session.waitingStreams, bytes: session.heldBytes, at: worker.loop.now)
        if case .wait(let time) = decision { return worker.loop.atTurnEnd(self, by: time) }
        isFlushPlanned = false
        flush()
    }

    func transportFlushed() { flush() }

    private func flush() {
        defer { waiting.set(isOver ? 0 : session.heldBytes) }
        while !isOver, transport.bufferedBytes == 0 {
            guard send() else { break }
        }
        guard !isOver else { return }
        if session.isFinished { return end(.finished) }
        session.isBlocked = transport.bufferedBytes > 0
        if session.isBlocked { owner?.connectionBlocked() }
    }

    /// Frames and sends one burst. Whether there may be more.
    @discardableResult private func send() -> Bool {
        var output = worker.scratch.take()
        var failure: HTTP2Error?
        do throws(HTTP2Error) {
            try session.takeOutput(into: &output, most: Self.burst)
        } catch {
            failure = error
        }
        let count = output.count
        bytesSent &+= UInt64(count)
        if count > 0 { transport.write(output.span) }
        worker.scratch.release(output)
        if let failure { end(.http2(failure)) }
        return count >= Self.burst
    }

    private func end(_ end: HTTP2ConnectionEnd) {
        guard !isOver else { return }
        isOver = true
        session.end(end == .finished ? .cancel : .connectError, end.loss)
        // What was framed last still goes out; whoever owns the transport bounds the time of that.
        if case .transport = end { transport.close() } else { transport.finish() }
        owner?.connectionEnded(end)
    }

    // MARK: HTTP2SessionReceiver

    func streamOpened(_ stream: HTTP2Stream, _ head: HTTP2RequestHead) {
        owner?.connectionOpened(stream, head)
    }
    func streamRefused() { owner?.connectionRefusedStream() }
    func settingsReceived(_ settings: HTTP2PeerSettings) { owner?.connectionSettings(settings) }
    func goAwayReceived(lastStream: Int32, code: HTTP2Code) {
        owner?.connectionGoAway(lastStream: lastStream, code: code)
    }
    func pongReceived() { owner?.connectionPong() }
    /// A backend's turns take longer than the line to it, which is short: its windows grow with what is taken.
    var roundTrip: UInt64? { session.side == .server ? transport.roundTrip : nil }
}

/// What a line to a backend holds it holds for the sessions and requests of many clients: those go that need most, and
/// not the line with all of them. What is left then is a burst.
extension HTTP2Connection: MemoryHolder {
    /// Streams that hold fewer bytes are left alone.
    private static let leastGivenUp = 4 * 1024

    var peerName: String { "streams of \(transport.peerName)" }
    var isClient: Bool { false }

    func giveUpForMemory() -> Bool {
        let pool = worker.loop.memory.pool
        let count = session.giveUpLargest(from: Self.leastGivenUp) {
            waiting.set(isOver ? 0 : session.heldBytes)
            return pool.wantsRelief
        }
        waiting.set(isOver ? 0 : session.heldBytes)
        if count > 0 { outputWaiting() }
        return count > 0
    }
}
