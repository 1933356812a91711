internal import BasicContainers
internal import Configuration
internal import Durations
internal import EventLoop
internal import WebSocketProtocol

/// One side of anything that speaks WebSocket: a session's two, a feed's client, a feed's upstream connection. A transport,
/// and all that is true of each: reading and its pauses, counting, keepalive, limits, and the one way out.
///
/// Everything sent to the peer goes through here, so that control frames of ours enter only at frame boundaries (rule 6 of
/// the data plane) and nothing follows a Close (RFC 6455, 5.5.1): a machine above decides that, and sets the gate.
final class WebSocketPeer: TransportReceiver {
    private static let pingPayload = Array("trunkline".utf8)
    /// When more bytes than these wait for a peer, its Pings are answered together, once it takes something again.
    private static let mostUnreadAnswers = 64 * 1024

    // What each message to the peer looks at stands together, here and in those who hold it: it costs one line of the cache.
    /// Who is at the other end.
    let side: SessionSide
    /// What its machine lets through: set whenever that has decided, and read for each frame.
    private(set) var gate = SideGate.open
    // In the room that these leave.
    private let controlLimit: UInt32
    let transport: any ByteTransport
    private(set) var tally = PeerTally()
    /// This side's permessage-deflate; nil where none was agreed on, or where it is agreed on end to end.
    let compression: PeerCompression?
    let worker: LoopContext
    private let sizes: MessageSizes
    /// Let go of when the owner ends: transport, peer and owner hold each other until then.
    var owner: (any PeerOwner)?

    // What comes in.

    /// Of the peer's frames; borrowed for a whole read.
    var frames: FrameReader
    /// The message that comes in from the peer, as it is framed for the other side when it is transformed.
    var transit = Transit()
    /// Checks the text that comes in; nil while the message is none, or is compressed end to end (RFC 6455, 8.1).
    var text: UTF8Validator?
    /// The payload of the control frame that is coming in.
    private var control = ControlPayload()
    /// Control frames of the peer, against its limit.
    private var controlRate: RateLimit
    var keepalive: Keepalive
    /// What of it waits, and why it is not read (`PeerReading`).
    var intake: Intake
    /// What of it stands in the metrics already.
    private var metered = FormerTally()
    // At most one Pong waits: the newest answers all earlier Pings (RFC 6455, 5.5.3).
    private var heldPong: [UInt8]?

    /// - Parameters:
    ///   - frames: limits of what it may send.
    ///   - extensions: whether its messages may be compressed, and who inflates them.
    ///   - route: which the connection belongs to.
    init(
        _ side: SessionSide, _ transport: any ByteTransport, frames limits: FrameLimits,
        _ extensions: PeerExtensions, compression: PeerCompression? = nil, route: Route, worker: LoopContext
    ) {
        self.side = side
        self.transport = transport
        self.compression = compression
        self.worker = worker
        frames = FrameReader(
            fromClient: side == .client, limits: limits, allowsCompression: extensions != .none,
            inflates: extensions == .inflated)
        controlLimit = UInt32(clamping: route.limits.controlFramesPerSecond)
        controlRate = RateLimit(perSecond: route.limits.controlFramesPerSecond)
        intake = Intake(Throttle(perSecond: side == .client ? route.limits.messagesPerSecond : 0))
        keepalive = Keepalive(Progress(route.timeouts, on: worker.loop))
        sizes = side == .client ? worker.metrics.sizesFromClient : worker.metrics.sizesFromBackend
    }

    var isHeard: Bool { gate.contains(.hears) }
    var takesData: Bool { gate.contains(.takesData) }
    var isMidFrame: Bool { gate.contains(.isMidFrame) }
    var isConnected: Bool { gate.contains(.isConnected) }

    /// Takes the transport over for its owner.
    func start(for owner: any PeerOwner) {
        self.owner = owner
        transport.receiver = self
    }

    // MARK: Counting

    /// Counts part of a data frame, or all of it, whose payload goes on as it came.
    @inline(__always)
    func count(_ slice: FrameSlice) {
        if slice.beginsFrame {
            // The opcode's bits themselves: asking for the value is a call into another module.
            if slice.beginsMessage { tally.isText = slice.header.first & 0x0F == 1 }
            tally.messageBytes &+= UInt64(slice.header.payloadLength)
        }
        if slice.endsMessage { countMessage(isText: tally.isText) }
    }

    /// Counts messages that go on as they came.
    @inline(__always)
    func count(_ run: WholeMessages) {
        tally.messagesReceived &+= UInt64(run.count)
        tally.textReceived &+= UInt64(run.texts)
        sizes.record(run)
    }

    /// Counts a message that has come in full; its size was counted in pieces.
    @inline(__always)
    func countMessage(isText: Bool) {
        tally.messagesReceived &+= 1
        if isText { tally.textReceived &+= 1 }
        sizes.record(tally.messageBytes)
        tally.messageBytes = 0
    }

    /// Counts payload of a message that is counted in pieces.
    func count(payload: Int) { tally.messageBytes &+= UInt64(payload) }

    /// Counts bytes that were sent past `pass`.
    func count(sent: Int) { tally.bytesSent &+= UInt64(sent) }

    /// What was counted since it was asked the last time is told as from there.
    func takeNew(_ body: (_ now: PeerTally, _ then: PeerTally) -> Void) {
        body(tally, metered.sum)
        metered = FormerTally(tally)
    }

    // MARK: Sending

    /// Sends WebSocket bytes that are whole frames, or parts of one that was begun.
    func pass(_ bytes: Span<UInt8>) {
        guard bytes.count > 0 else { return }
        tally.bytesSent &+= UInt64(bytes.count)
        transport.write(bytes)
    }

    /// Adds where it looks when it sends a message.
    func addLines(to lines: inout CacheLines) {
        lines.add(self, bytes: 96)
        transport.addLines(to: &lines)
    }

    /// Passes on data, unless a Close of ours has gone before it.
    func passData(_ bytes: Span<UInt8>) {
        if takesData { pass(bytes) }
    }

    private func sendPong(_ payload: [UInt8]) {
        guard takesData else { return }
        // Nor is it asked to hold one Pong after the other for a peer that takes none.
        if isMidFrame || transport.isFull(beyond: Self.mostUnreadAnswers) {
            heldPong = payload
        } else {
            send(.pong, payload)
        }
    }

    /// Sends a message of ours, for whoever knows that it stands between two messages.
    func send(message: [UInt8], isText: Bool) { send(isText ? .text : .binary, message) }

    private func sendHeld() {
        if let payload = heldPong.take() { send(.pong, payload) }
        if keepalive.frameEnded(at: worker.loop.now, gate, { transport.outflow }), !endsUnread {
            send(.ping, Self.pingPayload)
        }
    }

    private func send(_ opcode: Opcode, _ payload: [UInt8], isAnswer: Bool = false) {
        var frame = UniqueArray<UInt8>(minimumCapacity: payload.count + FrameHeader.largestSize)
        let key = side == .backend ? worker.randomMask() : nil
        FrameWriter.append(opcode, fin: true, payload: payload.span, maskingKey: key, to: &frame)
        guard isAnswer else { return pass(frame.span) }
        tally.bytesSent &+= UInt64(frame.count)
        transport.answerClose(frame.span)
    }

    // MARK: What the machine decides

    /// Does what the machine wants of this side.
    func carryOut(_ order: SideOrder, _ gate: SideGate) {
        set(gate)
        if let close = order.close { send(.close, close.encoded, isAnswer: order.isAnswer) }
        if order.finishes { transport.finish() }
        if order.isCut { return transport.close() }
        if order.reads { flowAgain() }
    }

    /// A data frame that was passed on to the peer is not complete.
    func frameBegan() { gate.insert(.isMidFrame) }

    /// It is, and what waited for its end follows it.
    func frameEnded(_ order: SideOrder, _ gate: SideGate) {
        set(gate)
        sendHeld()
        if order != .none { carryOut(order, gate) }
    }

    private func set(_ new: SideGate) {
        gate = new
        if !new.contains(.hears) { dropPending() }
    }

    /// Takes a control frame, or part of one: answers a Ping, and returns what a Close says. Those that waited through a
    /// pause of ours are no flood.
    ///
    /// - Parameter part: the payload in this piece, masked as it came.
    func takeControl(
        _ part: Span<UInt8>, _ slice: FrameSlice, at now: UInt64
    ) throws(ProtocolViolation) -> ClosePayload? {
        if slice.beginsFrame { control.removeAll() }
        control.append(part, of: slice)
        guard slice.endsFrame else { return nil }
        defer { control.removeAll() }
        guard controlRate.take(1, at: now, since: keepalive.progress.arrival(at: now)) == 0 else {
            throw .tooManyControlFrames(perSecond: Int(controlLimit))
        }
        switch slice.header.opcode {
        case .ping:
            sendPong(control.bytes)
            owner?.pinged(by: self)
        case .close: return try ClosePayload(parsing: control.bytes)
        // For the keepalive, hearing from the peer was all it was for.
        case .pong: owner?.ponged(control.bytes, by: self)
        default: break
        }
        return nil
    }

    // MARK: Keepalive

    /// Asks a silent peer whether it is there. Why it is to be given up; nil as long as it is not.
    ///
    /// - Parameters:
    ///   - taker: whom what it says goes to.
    ///   - closing: how long nothing may move behind which it has ended.
    func keepAlive(
        at now: UInt64, to taker: WebSocketPeer? = nil, within closing: Duration = .zero
    ) -> EndingCause? {
        guard !endsUnread else {
            // To ask one that has closed its connection would bring a reset, which eats what it has said. A backend's last
            // words are the client's to take, and that is watched.
            let isOver = side == .client && hasDeparted(to: taker, within: closing.nanoseconds, at: now)
            return isOver ? .connectionLost("") : nil
        }
        switch keepalive.check(at: now, gate, { transport.outflow }) {
        case .wait: return nil
        case .ping:
            send(.ping, Self.pingPayload)
            return nil
        case .dead: return .pongTimeout
        case .stuck: return slowConsumer()
        }
    }

    /// Asks the peer what it has read: its Pong comes behind all that was sent before. False where nothing can be asked
    /// now.
    func ask(_ payload: [UInt8]) -> Bool {
        guard takesData, !isMidFrame, !endsUnread else { return false }
        send(.ping, payload)
        return true
    }

    /// The other side was pinged: this one is kept awake too.
    func carryPing() {
        if !endsUnread, keepalive.carries(at: worker.loop.now, gate) { send(.ping, Self.pingPayload) }
    }

    // MARK: TransportReceiver

    func transportOpened() {}

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard isHeard else { return }
        tally.bytesReceived &+= UInt64(bytes.count)
        keepalive.progress.heard(at: worker.loop.now)
        guard !hasPending else { return keep(bytes.span) }
        owner?.received(&bytes, nil, from: self)
    }

    /// What it sent before anybody could take it.
    func receivedEarly(_ early: [UInt8]) {
        guard !early.isEmpty else { return }
        var bytes = early
        var span = bytes.mutableSpan
        transportReceived(&span)
    }

    func transportEnded() {
        guard endsBehindPending() else { return owner?.ended(self, nil) ?? () }
        transportEndsUnread()
    }

    func transportEndsUnread() {
        if noticeEnd() { owner?.endsUnread(self) }
    }

    func transportFailed(_ error: TransportError) { owner?.ended(self, error) }

    func transportFlushed() {
        if heldPong != nil, !isMidFrame { sendHeld() }
        owner?.flushed(self)
    }
}
