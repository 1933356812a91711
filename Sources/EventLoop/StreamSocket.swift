internal import CLinux

/// A connected (or connecting) TCP or Unix stream socket.
///
/// What the kernel doesn't take at once is queued; the owner watches `queuedBytes` and pauses whoever feeds it.
package final class StreamSocket: Pollable, MemoryHolder {
    /// What is still read of a peer that has reset: its last words.
    private static let mostAfterFailure = 256 * 1024

    // What each send looks at stands together: of sockets that send one after the other, each comes from memory anew.
    /// In the loop's budget of sockets.
    private var place: SocketPlace
    private var isReading = false
    /// The peer has ended its side, and that was told before it was read.
    package private(set) var isEndKnown = false
    /// It takes nothing any more, and what it said before its end is still to be read: what is sent goes nowhere.
    private var isDeaf = false
    private var finishesWhenFlushed = false
    /// The kernel took less than was offered: `streamFlushed` is owed.
    private var owesFlushed = false
    /// The loop has bytes of ours that leave at the end of its turn; then nothing is queued.
    var hasGathered = false
    /// The kernel knows what it may take beyond what it has sent, or there is no such bound.
    var isUnsentBounded = true
    /// Where it stands among the young ones; -1 = nowhere.
    var youngPlace = -1
    /// Bytes that the kernel has taken, in all.
    package private(set) var handedBytes: UInt64 = 0
    private(set) var phase: StreamPhase
    private var queue: OutboundQueue
    /// What one read may bring.
    package var receiveLimit = EventLoop.receiveCapacity
    /// Who else has a say in that; nil = nobody. Let go of at `close`.
    package var readBound: (any ReadBound)?
    /// Who is told; let go of at `close`.
    package var handler: (any StreamHandler)?

    /// - Parameter place: a client's socket is connected, a backend's connects.
    init(_ descriptor: consuming Descriptor, on loop: EventLoop, _ place: SocketPlace) {
        phase = place.isClient ? .open : .connecting
        self.place = place
        let account = MemoryAccount(on: loop.memory)
        queue = OutboundQueue(on: account)
        super.init(descriptor, on: loop)
        account.holder = self
    }

    deinit {
        queue.account.holder = nil
        leaveBudget()
    }

    /// Takes a place among the sockets of clients, until it is closed. False when there is none.
    package func enterBudget() -> Bool { place.enterClient(loop.sockets) }

    private func leaveBudget() { place.leave(loop.sockets) }

    /// Whether it was accepted; else it connects.
    package var isClient: Bool { place.isClient }

    /// Hands the descriptor over, and its place; nothing is told of it here any more. Nil where bytes wait to be sent, or
    /// where it has ended or failed.
    func release() -> (descriptor: Int32, hasPlace: Bool)? {
        guard case .open = phase, !isClosed, queue.count == 0, !hasGathered else { return nil }
        handler = nil
        readBound = nil
        return (releaseDescriptor(), place.moveOut())
    }

    /// All that is held for the peer, here and elsewhere.
    package var account: MemoryAccount { queue.account }

    /// Bytes that wait for the kernel to take them.
    package var queuedBytes: Int { queue.count }

    /// Sends what the kernel takes, large pieces now and small ones at the end of the loop's turn, and queues the rest. A
    /// failure is told later, by `streamFailed`.
    package func send(_ bytes: Span<UInt8>) {
        guard phase.sends, !isClosed, bytes.count > 0 else { return }
        transmit(bytes)
    }

    /// As `send`, but small pieces go now too: for what was gathered before it came here.
    package func sendAtOnce(_ bytes: Span<UInt8>) {
        guard phase.sends else { return }
        sendGatheredFirst()
        sendNow(bytes)
    }

    private func transmit(_ bytes: Span<UInt8>) {
        guard queue.count == 0 else { return queue.append(bytes) }
        if loop.gather(bytes, for: self) { return }
        sendGatheredFirst()
        sendNow(bytes)
    }

    /// What was gathered goes before anything else is done with the socket.
    private func sendGatheredFirst() { if hasGathered { loop.sendGathered() } }

    /// The loop's turn is over.
    func sendGathered(_ bytes: Span<UInt8>) {
        hasGathered = false
        sendNow(bytes)
    }

    private func sendNow(_ bytes: Span<UInt8>) {
        guard !isClosed, !hasFailed, !isDeaf else { return }
        guard queue.count == 0 else { return queue.append(bytes) }
        let sent = transmitNow(bytes)
        guard sent < bytes.count, !hasFailed, !isDeaf else { return }
        queue.append(bytes.extracting(sent..<bytes.count))
        updateInterest()
    }

    /// Sends what the kernel takes now and returns how much that was; nothing is queued. When it was not all, or earlier
    /// bytes wait, `streamFlushed` will tell when to offer more.
    package func offer(_ bytes: Span<UInt8>) -> Int {
        sendGatheredFirst()
        guard !isDeaf else { return bytes.count }
        guard phase.sends, queue.count == 0, !owesFlushed, !isClosed, bytes.count > 0 else { return 0 }
        let sent = transmitNow(bytes)
        if sent < bytes.count, !hasFailed {
            owesFlushed = true
            updateInterest()
        }
        return sent
    }

    /// Less than this in all can't stand in the kernel for long.
    private static let mostUnbounded: UInt64 = 64 * 1024

    /// Before more is sent than a short connection sends.
    @inline(__always)
    private func boundUnsent(before count: Int) {
        guard !isUnsentBounded, handedBytes &+ UInt64(count) > Self.mostUnbounded, !isClosed else { return }
        isUnsentBounded = true
        SocketCalls.keepUnsentBounded(descriptor)
    }

    override func closeDescriptor(isShared: Bool = true) {
        if youngPlace >= 0 { loop.young.remove(self) }
        super.closeDescriptor(isShared: isShared)
    }

    /// How many bytes the kernel took.
    private func transmitNow(_ bytes: Span<UInt8>) -> Int {
        boundUnsent(before: bytes.count)
        let sent = unsafe bytes.withUnsafeBytes { raw in
            unsafe trunkline_send(descriptor, raw.baseAddress, raw.count)
        }
        if sent >= 0 {
            handedBytes &+= UInt64(sent)
            return sent
        }
        let code = trunkline_errno()
        if code != EAGAIN && code != EINTR { sendFailed(code) }
        return 0
    }

    /// Begins, or goes on, to read.
    package func resumeReading() { setReading(true) }

    /// Stops reading: the kernel's buffers fill, and the peer feels it.
    package func pauseReading() { setReading(false) }

    private func setReading(_ wanted: Bool) {
        guard wanted != isReading else { return }
        isReading = wanted
        updateInterest()
    }

    /// Sends FIN when everything queued has gone. Reading goes on.
    package func finish() {
        sendGatheredFirst()
        guard !isClosed else { return }
        if queue.count == 0 {
            _ = shutdown(descriptor, Int32(SHUT_WR))
        } else {
            finishesWhenFlushed = true
        }
    }

    /// Closes now. What is queued is lost; the handler hears nothing more.
    package func close() {
        sendGatheredFirst()
        handler = nil
        readBound = nil
        queue.clear()
        closeDescriptor(isShared: false)
        leaveBudget()
    }

    /// Closes now with RST, so that the peer sees an error instead of an orderly end.
    package func reset() {
        sendGatheredFirst()
        if !isClosed { _ = trunkline_set_linger_zero(descriptor) }
        close()
    }

    private var hasFailed: Bool { phase.hasFailed }

    private func updateInterest() {
        let hasOutput = queue.count > 0 || owesFlushed
        guard let (readable, writable) = phase.interest(isReading: isReading, hasOutput: hasOutput) else {
            return
        }
        var notice = Notice.nothing
        if case .open = phase, !isReading { notice = isEndKnown ? .changes : .end }
        watch(readable: readable, writable: writable, notice: notice)
    }

    private func fail(_ error: SystemError) {
        guard !hasFailed else { return }
        phase = .failed(error)
        queue.clear()
        closeDescriptor(isShared: false)
        leaveBudget()
        loop.report(failureOf: self)
    }

    /// A peer that resets may have said why before it did so, as HTTP servers do that don't want a body: what had come is
    /// told first, and the socket stays open until then.
    private func sendFailed(_ code: Int32) {
        guard !hasFailed, !deafens() else { return }
        phase = .failed(SystemError(call: "send", code: code))
        queue.clear()
        loop.report(failureOf: self)
    }

    /// One that has ended its side answers with a reset when more is sent to it, as does a Unix socket whose peer is gone. What
    /// it said before is read all the same, for as long as somebody takes it. False where nothing of that is left.
    private func deafens() -> Bool {
        if isDeaf { return true }
        guard case .open = phase, isEndKnown || localAddress?.isUnix ?? false else { return false }
        (isDeaf, owesFlushed) = (true, true)
        queue.clear()
        loop.nextTurn { [weak self] in
            self?.endNoticed()
            if let self, !isClosed { flushed() }
        }
        return true
    }

    func deliverFailure() {
        guard case .failed(let error) = phase else { return }
        readRest()
        closeDescriptor(isShared: false)
        guard let handler else { return }
        self.handler = nil
        handler.streamFailed(error)
    }

    private func readRest() {
        var left = Self.mostAfterFailure
        while left > 0, isReading, !isClosed, let handler {
            let buffer = unsafe loop.receiveBuffer
            let count = unsafe trunkline_recv(descriptor, buffer, min(EventLoop.receiveCapacity, left))
            guard count > 0 else { return }
            left -= count
            var bytes = unsafe MutableSpan(_unsafeStart: buffer, count: count)
            handler.streamReceived(&bytes)
        }
    }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        if case .connecting = phase { return completeConnect() }
        // To be told at the end of the turn.
        if hasFailed { return }
        if writable { flush() }
        if hasFailed { return }
        if readable, isReading, !isClosed {
            receive()
        } else if broken, !isClosed {
            // Nothing is left to read, or nobody wants to: level-triggered, this would be told for ever.
            let code = trunkline_socket_error(descriptor)
            if code == 0, !isReading, case .open = phase { return endNoticed() }
            if deafens() { return }
            fail(SystemError(call: "recv", code: code == 0 ? ECONNRESET : code))
        }
    }

    /// Goes on from what the kernel has said to `connect`. What is known is told at the turn's end: whoever asked for the socket
    /// is to have it first.
    func follow(_ step: SocketCalls.OnConnect) {
        switch step {
        case .stands: loop.nextTurn { [self] in stood() }
        case .failed(let error): loop.nextTurn { [self] in fail(error) }
        case .underWay: watch(readable: false, writable: true)
        }
    }

    /// What came before the end waits in the kernel until it is read. Both sides of a Unix socket end with its peer.
    override func endNoticed() {
        guard case .open = phase, !isReading, !isEndKnown, !isClosed else { return }
        isEndKnown = true
        updateInterest()
        handler?.streamEndsUnread()
    }

    private func completeConnect() {
        let code = trunkline_socket_error(descriptor)
        guard code == 0 else { return fail(SystemError(call: "connect", code: code)) }
        stood()
    }

    private func stood() {
        guard case .connecting = phase, !isClosed else { return }
        phase = .open
        updateInterest()
        handler?.streamConnected()
    }

    private func flush() {
        guard queue.count > 0 else { return flushed() }
        let descriptor = self.descriptor
        boundUnsent(before: queue.count)
        let sent = queue.withPending { pending in
            unsafe pending.withUnsafeBytes { raw in
                unsafe trunkline_send(descriptor, raw.baseAddress, raw.count)
            }
        }
        if sent < 0 {
            let code = trunkline_errno()
            if code != EAGAIN && code != EINTR { sendFailed(code) }
            return
        }
        handedBytes &+= UInt64(sent)
        queue.drop(sent)
        guard queue.count == 0 else { return }
        owesFlushed = true
        flushed()
        if finishesWhenFlushed, !isClosed { _ = shutdown(self.descriptor, Int32(SHUT_WR)) }
    }

    private func flushed() {
        let isOwed = owesFlushed
        owesFlushed = false
        updateInterest()
        if isOwed { handler?.streamFlushed() }
    }

    /// Breaks the connection, with a reset; the handler is told.
    package func giveUpForMemory() -> Bool {
        sendGatheredFirst()
        if !isClosed { _ = trunkline_set_linger_zero(descriptor) }
        fail(.memoryCut)
        return true
    }

    private func receive() {
        let buffer = unsafe loop.receiveBuffer
        let limit = readBound.map { min($0.readBound, receiveLimit) } ?? receiveLimit
        let count = unsafe trunkline_recv(descriptor, buffer, min(max(limit, 1), EventLoop.receiveCapacity))
        if count > 0 {
            // The buffer is the loop's and lives as long; no other socket reads into it before this call returns.
            var bytes = unsafe MutableSpan(_unsafeStart: buffer, count: count)
            handler?.streamReceived(&bytes)
        } else if count == 0 {
            phase = .ended
            updateInterest()
            handler?.streamEnded()
        } else {
            let code = trunkline_errno()
            if code != EAGAIN && code != EINTR { fail(SystemError(call: "recv", code: code)) }
        }
    }
}
