internal import CLinux

/// Is told what happens on a socket. Never called from inside a call to the socket.
package protocol StreamHandler: AnyObject {
    /// A connect that was under way has succeeded.
    func streamConnected()
    /// Bytes came; they are the handler's to change for the time of the call, and gone after it.
    func streamReceived(_ bytes: inout MutableSpan<UInt8>)
    /// The peer has sent its FIN: nothing more will come.
    func streamEnded()
    /// All that was queued has been given to the kernel.
    func streamFlushed()
    /// The connection is broken or could not be made. The socket is closed.
    func streamFailed(_ error: SystemError)
}

/// A connected (or connecting) TCP or Unix stream socket.
///
/// What the kernel doesn't take at once is queued; the owner watches `queuedBytes` and pauses whoever feeds it.
package final class StreamSocket: Pollable, MemoryHolder {
    /// What is still read of a peer that has reset: its last words.
    private static let mostAfterFailure = 256 * 1024

    enum Phase { case connecting, open, ended, failed(SystemError) }

    // What each send looks at stands together: of sockets that send one after the other, each comes from memory anew.
    /// Taken by accepting; else it connects.
    package let isClient: Bool
    /// It is counted in the loop's budget of sockets.
    var isCounted = false
    private var isReading = false
    private var finishesWhenFlushed = false
    /// The kernel took less than was offered: `streamFlushed` is owed.
    private var owesFlushed = false
    /// The loop has bytes of ours that leave at the end of its turn; then nothing is queued.
    var hasGathered = false
    /// Bytes that the kernel has taken, in all.
    package private(set) var handedBytes: UInt64 = 0
    private(set) var phase: Phase
    private var queue: OutboundQueue
    /// What one read may bring.
    package var receiveLimit = EventLoop.receiveCapacity
    /// Who else has a say in that; nil = nobody. Let go of at `close`.
    package var readBound: (any ReadBound)?
    /// Who is told; let go of at `close`.
    package var handler: (any StreamHandler)?

    init(_ descriptor: consuming Descriptor, on loop: EventLoop, isConnecting: Bool) {
        phase = isConnecting ? .connecting : .open
        isClient = !isConnecting
        let account = MemoryAccount(on: loop.memory)
        queue = OutboundQueue(on: account)
        super.init(descriptor, on: loop)
        account.holder = self
    }

    deinit {
        queue.account.holder = nil
        leaveBudget()
    }

    /// Starts to connect; success is told by `streamConnected`, failure by `streamFailed` or the error thrown. Set the
    /// handler before the loop turns.
    package static func connect(to address: SocketAddress, on loop: EventLoop) throws(SystemError)
        -> StreamSocket
    {
        try loop.sockets.enterBackend()
        do throws(SystemError) {
            let socket = try startConnect(to: address, on: loop)
            socket.isCounted = true
            return socket
        } catch {
            loop.sockets.leaveBackend()
            throw error
        }
    }

    private static func startConnect(to address: SocketAddress, on loop: EventLoop) throws(SystemError)
        -> StreamSocket
    {
        let descriptor = try SocketCalls.open(address.family)
        if !address.isUnix {
            try SocketCalls.set(descriptor.number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            SocketCalls.keepAlive(descriptor.number)
            SocketCalls.keepUnsentBounded(descriptor.number)
        }
        _ = try SocketCalls.connect(descriptor.number, address)
        // A Unix socket, or TCP on loopback, may stand already: it is writable at once and takes the same path.
        let socket = StreamSocket(descriptor, on: loop, isConnecting: true)
        socket.watch(readable: false, writable: true)
        return socket
    }

    /// Takes a place among the sockets of clients, until it is closed. False when there is none.
    package func enterBudget() -> Bool {
        guard !isCounted, loop.sockets.enterClient() else { return isCounted }
        isCounted = true
        return true
    }

    private func leaveBudget() {
        guard isCounted else { return }
        isCounted = false
        if isClient { loop.sockets.leaveClient() } else { loop.sockets.leaveBackend() }
    }

    /// Sends a last word, as far as the kernel takes it, and closes. What has come is read first: unread, it would make
    /// the kernel send a reset, which eats our word.
    package func dismiss(_ word: Span<UInt8>) {
        guard !isClosed else { return }
        _ = unsafe trunkline_recv(descriptor, loop.receiveBuffer, EventLoop.receiveCapacity)
        if word.count > 0 { _ = transmitNow(word) }
        if !isClosed { _ = shutdown(descriptor, Int32(SHUT_WR)) }
        close()
    }

    /// Our end's address; nil when it can't be told any more.
    package var localAddress: SocketAddress? { try? SocketCalls.localAddress(descriptor) }

    /// All that is held for the peer, here and elsewhere.
    package var account: MemoryAccount { queue.account }

    /// Bytes that wait for the kernel to take them.
    package var queuedBytes: Int { queue.count }

    /// Whether nothing has come that was not read: no bytes, no end, no error.
    package var isQuiet: Bool {
        guard case .open = phase, !isClosed else { return false }
        return trunkline_is_quiet(descriptor) != 0
    }

    /// Sends what the kernel takes, large pieces now and small ones at the end of the loop's turn, and queues the rest. A
    /// failure is told later, by `streamFailed`.
    package func send(_ bytes: Span<UInt8>) {
        guard case .open = phase, !isClosed, bytes.count > 0 else { return sendAfterEnd(bytes) }
        transmit(bytes)
    }

    /// As `send`, but small pieces go now too: for what was gathered before it came here.
    package func sendAtOnce(_ bytes: Span<UInt8>) {
        switch phase {
        case .connecting, .failed: return
        case .open, .ended: break
        }
        sendGatheredFirst()
        sendNow(bytes)
    }

    /// After the peer's FIN we may still send: half-closed is a legal state of TCP.
    private func sendAfterEnd(_ bytes: Span<UInt8>) {
        if case .ended = phase, !isClosed, bytes.count > 0 { transmit(bytes) }
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
        guard !isClosed, !hasFailed else { return }
        guard queue.count == 0 else { return queue.append(bytes) }
        let sent = transmitNow(bytes)
        guard sent < bytes.count, !hasFailed else { return }
        queue.append(bytes.extracting(sent..<bytes.count))
        updateInterest()
    }

    /// Sends what the kernel takes now and returns how much that was; nothing is queued. When it was not all, or earlier
    /// bytes wait, `streamFlushed` will tell when to offer more.
    package func offer(_ bytes: Span<UInt8>) -> Int {
        sendGatheredFirst()
        guard queue.count == 0, !owesFlushed, !isClosed, bytes.count > 0 else { return 0 }
        switch phase {
        case .connecting, .failed: return 0
        case .open, .ended: break
        }
        let sent = transmitNow(bytes)
        if sent < bytes.count, !hasFailed {
            owesFlushed = true
            updateInterest()
        }
        return sent
    }

    /// Bounds what the kernel takes beyond what it has sent (TCP_NOTSENT_LOWAT). Unix sockets know no such bound.
    package func limitUnsent(to bytes: Int32) {
        guard !isClosed else { return }
        try? SocketCalls.set(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, bytes)
    }

    /// How many bytes the kernel took.
    private func transmitNow(_ bytes: Span<UInt8>) -> Int {
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

    private var hasFailed: Bool {
        if case .failed = phase { true } else { false }
    }

    private func updateInterest() {
        switch phase {
        case .connecting: watch(readable: false, writable: true)
        case .open: watch(readable: isReading, writable: queue.count > 0 || owesFlushed)
        case .ended: watch(readable: false, writable: queue.count > 0 || owesFlushed)
        case .failed: break
        }
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
        guard !hasFailed else { return }
        phase = .failed(SystemError(call: "send", code: code))
        queue.clear()
        loop.report(failureOf: self)
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
            fail(SystemError(call: "recv", code: code == 0 ? ECONNRESET : code))
        }
    }

    private func completeConnect() {
        let code = trunkline_socket_error(descriptor)
        guard code == 0 else { return fail(SystemError(call: "connect", code: code)) }
        phase = .open
        updateInterest()
        handler?.streamConnected()
    }

    private func flush() {
        guard queue.count > 0 else { return flushed() }
        let descriptor = self.descriptor
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

    /// The peer's address.
    package var peerName: String {
        (try? SocketCalls.peerAddress(descriptor))?.description ?? "?"
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
