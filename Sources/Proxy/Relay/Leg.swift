internal import BasicContainers
internal import WebSocketProtocol

/// One side of a session: a transport and the WebSocket state of that side.
///
/// `frames` and `control` belong to what comes in from the peer. Everything sent to the peer goes through here, so that
/// control frames of ours enter only at frame boundaries (rule 6 of the data plane) and nothing follows a Close
/// (RFC 6455, 5.5.1).
final class Leg: TransportReceiver {
    let peer: SessionSide
    let transport: any ByteTransport
    let worker: Worker
    private let sizes: MessageSizes
    /// Let go of when the owner ends: transport, leg and owner hold each other until then.
    var owner: (any LegOwner)?
    var frames: FrameReader
    /// What its machine lets through: set whenever that has decided, and read for each frame.
    var gate = SideGate.open {
        didSet { if !isHeard { dropPending() } }
    }
    /// Whether the peer is alive, and takes what is sent to it.
    var progress: Progress
    /// A Ping waits for the end of the frame that is under way.
    var isPingHeld = false
    /// When the last one was sent.
    var pingedAt: UInt64 = 0
    /// What had come when the end of this leg was last looked at.
    var lookedAt = Inflow()
    /// This side's permessage-deflate; nil where none was agreed on, or where it is agreed on end to end.
    let compression: LegCompression?
    /// The message that comes in from the peer, as it is framed for the other side when it is transformed.
    var transit = Transit()
    /// Checks the text that comes in; nil while the message is none, or is compressed end to end (RFC 6455, 8.1).
    var text: UTF8Validator?
    /// The payload of the control frame that is coming in.
    var control = ControlPayload()
    /// Why nothing is read from this peer.
    var holds: Holds = []
    /// When a peer that sends too much is read again.
    var throttledUntil: UInt64 = 0
    /// What it has sent and waits.
    var pending: PendingInput?
    /// Control frames of the peer, against its limit.
    var controlRate: RateLimit
    var tally = LegTally()
    /// What of it stands in the metrics already.
    var metered = LegTally()
    // At most one Pong waits: the newest answers all earlier Pings (RFC 6455, 5.5.3).
    private var heldPong: [UInt8]?

    init(
        _ peer: SessionSide, transport: any ByteTransport, frames: consuming FrameReader,
        compression: LegCompression?,
        progress: Progress, controlRate: RateLimit, worker: Worker
    ) {
        self.compression = compression
        self.controlRate = controlRate
        self.peer = peer
        self.transport = transport
        self.frames = frames
        self.progress = progress
        self.worker = worker
        sizes = peer == .client ? worker.metrics.sizesFromClient : worker.metrics.sizesFromBackend
    }

    var isHeard: Bool { gate.contains(.hears) }
    var takesData: Bool { gate.contains(.takesData) }
    var isMidFrame: Bool { gate.contains(.isMidFrame) }
    var isConnected: Bool { gate.contains(.isConnected) }

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
    func count(_ run: borrowing WholeMessages) {
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

    // MARK: Sending

    /// Sends WebSocket bytes that are whole frames, or parts of one that was begun.
    func pass(_ bytes: Span<UInt8>) {
        guard bytes.count > 0 else { return }
        tally.bytesSent &+= UInt64(bytes.count)
        transport.write(bytes)
    }

    /// Passes on data, unless a Close of ours has gone before it.
    func passData(_ bytes: Span<UInt8>) {
        if takesData { pass(bytes) }
    }

    func sendPong(_ payload: [UInt8]) {
        guard takesData else { return }
        // Nor is it asked to hold one Pong after the other for a peer that takes none.
        if isMidFrame || transport.isFull(beyond: Self.mostUnreadAnswers) {
            heldPong = payload
        } else {
            sendControl(.pong, payload)
        }
    }

    /// Does what the machine wants of this side, whose gate is set.
    func carryOut(_ order: SideOrder) {
        if let close = order.close { sendControl(.close, close.encoded, isAnswer: order.isAnswer) }
        if order.finishes { transport.finish() }
        if order.isCut { return transport.close() }
        if order.reads { flowAgain() }
    }

    /// The frame under way is complete, and what waited for its end follows it.
    func frameEnded(_ order: SideOrder) {
        sendHeld()
        carryOut(order)
    }

    /// Beyond so much that waits for a peer its Pings are answered together, when it takes something again.
    private static let mostUnreadAnswers = 64 * 1024

    private func sendHeld() {
        if let payload = heldPong.take() { sendControl(.pong, payload) }
        if isPingHeld { sendHeldPing() }
    }

    func sendControl(_ opcode: Opcode, _ payload: [UInt8], isAnswer: Bool = false) {
        var frame = UniqueArray<UInt8>(minimumCapacity: payload.count + FrameHeader.largestSize)
        let key = peer == .backend ? worker.randomMask() : nil
        FrameWriter.append(opcode, fin: true, payload: payload.span, maskingKey: key, to: &frame)
        guard isAnswer else { return pass(frame.span) }
        tally.bytesSent &+= UInt64(frame.count)
        transport.answerClose(frame.span)
    }

    /// Takes a control frame, or part of one: answers a Ping, and returns what a Close says. Those that waited through a
    /// pause of ours are no flood.
    ///
    /// - Parameters:
    ///   - part: the payload in this piece, masked as it came.
    ///   - limit: how many the peer may send in a second, for the complaint.
    func takeControl(
        _ part: Span<UInt8>, _ slice: FrameSlice, at now: UInt64, limit: Int
    ) throws(ProtocolViolation) -> ClosePayload? {
        if slice.beginsFrame { control.removeAll() }
        control.append(part, of: slice)
        guard slice.endsFrame else { return nil }
        guard controlRate.take(1, at: now, since: progress.arrival(at: now)) == 0 else {
            throw .tooManyControlFrames(perSecond: limit)
        }
        switch slice.header.opcode {
        case .ping:
            sendPong(control.bytes)
            owner?.pinged(by: self)
        case .close: return try ClosePayload(parsing: control.bytes)
        default: break  // A Pong: hearing from the peer was all it was for.
        }
        return nil
    }

    // MARK: TransportReceiver

    func transportOpened() {}
    func transportReceived(_ bytes: inout MutableSpan<UInt8>) { owner?.received(&bytes, from: self) }
    func transportEnded() {
        // What came before the end counts.
        if let pending { pending.hasEnded = true } else { owner?.ended(self, nil) }
    }
    func transportFailed(_ error: TransportError) { owner?.ended(self, error) }
    func transportDrained() {
        if heldPong != nil, !isMidFrame { sendHeld() }
        owner?.drained(self)
    }
}

/// What one leg has carried.
struct LegTally {
    /// WebSocket bytes received from the peer.
    var bytesReceived: UInt64 = 0
    /// WebSocket bytes sent to the peer.
    var bytesSent: UInt64 = 0
    /// Data messages completed by the peer.
    var messagesReceived: UInt64 = 0
    /// Those of them that were text.
    var textReceived: UInt64 = 0
    /// Payload so far of the message that is coming in, and what it is.
    var messageBytes: UInt64 = 0
    var isText = false
}
