internal import BasicContainers
internal import Durations
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// A connection on which requests are read one after the other: in the order of their coming, each when the one before it
/// was answered and the answer was taken (RFC 9112, 9.3.2). One that reads nothing is asked to wait, not answered into
/// memory.
///
/// What comes early waits in `early` and in the kernel. All bytes are looked at in the order of their coming: what comes
/// while anything is in `early` goes behind it. What is served, and how, is for those who inherit.
class HTTP1Connection: HTTP1Service, TransportReceiver, TimerTarget {
    /// `between`: a request was answered, and the next one is not looked at yet.
    enum Phase: UInt8 { case handshake, head, upgrade, exchange, between, answering, over }

    final let transport: StreamConnection
    final let loop: EventLoop
    final var phase: Phase
    /// Of a head that is incomplete, or of the request under way.
    final var headCharge: MemoryCharge
    final private(set) var requests = 0
    /// Whether the request under way is a HEAD: no answer to it has content.
    final private(set) var answersHead = false
    private var parser: RequestHeadParser
    private var early: HeldBytes
    /// Where the body of the request under way ends.
    private var body = BodyReader(.none)
    /// Of its trailers.
    private var bodyCharge: MemoryCharge
    /// Whether the client takes its answers, and how long the end is waited for.
    private var stall = StallWatch()
    private var closingClock: ClosingClock?
    /// The client has ended its side; what it asked before is still answered.
    private var hasEnded = false
    private var timer: TimerToken?

    init(_ transport: StreamConnection, limits: HeadLimits, phase: Phase, on loop: EventLoop) {
        self.transport = transport
        self.loop = loop
        self.phase = phase
        parser = RequestHeadParser(limits: limits)
        early = HeldBytes(on: transport.account)
        headCharge = MemoryCharge(to: transport.account)
        bodyCharge = MemoryCharge(to: transport.account)
    }

    /// The first that comes after the handshake.
    func firstBytes(_ bytes: Span<UInt8>) { readHead(bytes) }

    /// The client takes nothing of its answer.
    func stalled() {
        transport.abort()
        end("client left")
    }

    // MARK: TransportReceiver

    final func transportOpened() { opened() }

    final func transportReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard early.isEmpty else { return keepEarly(bytes.span, from: 0) }
        switch phase {
        case .head: firstBytes(bytes.span)
        case .exchange: keepEarly(bytes.span, from: passBody(bytes.span))
        case .upgrade, .between: keepEarly(bytes.span, from: 0)
        case .handshake, .answering, .over: break
        }
    }

    final func transportFlushed() {
        flushed()
        if phase == .between { nextRequest() }
    }

    final func transportEnded() {
        // One that asked for the connection's end may have ended its own side already, and waits for the answer.
        guard early.isEmpty, phase != .between, !(phase == .exchange && answersAfterEnd) else {
            return hasEnded = true
        }
        end("client left")
    }

    final func transportFailed(_ error: TransportError) { failed(error) }

    // MARK: Time

    final func arm(_ delay: Duration) { arm(delay.nanoseconds) }

    final func arm(_ delay: UInt64) {
        loop.cancel(timer)
        let delay = bounded(delay)
        timer = delay > 0 ? loop.schedule(self, kind: phase.rawValue, after: delay) : nil
    }

    final func timerFired(_ kind: UInt8) {
        timer = nil
        switch phase {
        case .handshake: handshakeTimedOut()
        case .head: headTimedOut()
        case .between: checkWhetherTaken()
        case .answering: checkWhetherOver()
        case .upgrade, .exchange: servingTimedOut()
        case .over: break
        }
    }

    /// A connection on which nothing was ever asked is closed silently, as browsers expect of spare ones.
    private func headTimedOut() {
        if turnsAway() { return }
        guard parser.isEmpty else { return refuseSlowHead() }
        // Of one that still takes its last answer from the kernel.
        if requests > 0, stall.delivers(transport.outflow) { return arm(times.keepAlive) }
        end("client left")
    }

    // MARK: The head

    /// Nothing has come of the next request.
    final var isBetweenHeads: Bool { parser.isEmpty }

    /// What comes straight from the client: nothing waits before it.
    final func readHead(_ bytes: Span<UInt8>) {
        if parser.isEmpty, requests == 0, !takesFirst() { return }
        do throws(HeadError) {
            guard let (head, used) = try feed(bytes) else { return }
            phase = .upgrade
            keepEarly(bytes, from: used)
            begin(head)
        } catch {
            refuse(error)
        }
    }

    /// The same of what has waited.
    private func readEarly() {
        do throws(HeadError) {
            let found = try early.lend { (bytes) throws(HeadError) in try feed(bytes) }
            guard let (head, used) = found else { return early.removeAll() }
            early.drop(used)
            begin(head)
        } catch {
            refuse(error)
        }
    }

    private func feed(_ bytes: Span<UInt8>) throws(HeadError) -> (RequestHead, Int)? {
        let isFirstByte = parser.isEmpty
        guard let found = try parser.feed(bytes) else {
            headCharge.set(parser.keptBytes)
            if isFirstByte, requests > 0 { arm(times.head) }
            return nil
        }
        headCharge.set(found.0.keptUnderWay)
        return found
    }

    private func begin(_ head: RequestHead) {
        requests += 1
        answersHead = head.method == "HEAD"
        phase = .upgrade
        arm(0)
        serve(head)
    }

    /// Goes on with a request that came elsewhere, and what was behind it.
    final func goOn(with head: RequestHead, early bytes: [UInt8]) {
        headCharge.set(head.keptUnderWay)
        early.append(bytes.span)
        if !bytes.isEmpty { transport.pauseReading() }
        begin(head)
    }

    // MARK: What comes early

    /// Whether anything waits to be looked at.
    final var hasEarly: Bool { !early.isEmpty }

    /// For whoever takes the connection over.
    final func takeEarly() -> [UInt8] { early.takeArray() }

    /// Nobody will look at it.
    final func dropEarly() { early.removeAll() }

    /// Bounded by what one read brings: reading is paused as long as anything waits here.
    private func keepEarly(_ bytes: Span<UInt8>, from start: Int) {
        guard start < bytes.count else { return }
        switch phase {
        case .upgrade, .exchange, .between: break
        case .handshake, .head, .answering, .over: return
        }
        early.append(bytes.extracting(start..<bytes.count))
        transport.pauseReading()
    }

    // MARK: The body

    /// The request has a body, or none.
    final func expectBody(_ framing: BodyFraming) {
        phase = .exchange
        body = BodyReader(framing)
    }

    /// Gives on what waits of it.
    final func passEarlyBody() {
        let waiting = early.take()
        keepEarly(waiting.span, from: passBody(waiting.span))
    }

    /// Returns where the rest begins that is none of it.
    private func passBody(_ bytes: Span<UInt8>) -> Int {
        guard takesBody else { return 0 }
        var position = 0
        do throws(BodyError) {
            while takesBody, let piece = try body.next(bytes, from: &position) {
                switch piece {
                case .data(let range): bodyReceived(bytes.extracting(range))
                case .end(let trailers): bodyEnded(trailers: trailers)
                }
            }
        } catch {
            bodyMalformed(error)
        }
        bodyCharge.set(body.keptBytes)
        bodyPaused()
        return position
    }

    // MARK: From one request to the next

    /// Looks at the next request when the turn is over: what is on the stack belongs to the last one.
    final func nextRequestSoon() {
        phase = .between
        answersHead = false
        headCharge.set(0)
        loop.nextTurn { [weak self] in self?.nextRequest() }
    }

    private func nextRequest() {
        guard phase == .between else { return }
        guard transport.bufferedBytes == 0 else { return waitUntilTaken() }
        stall.ended()
        if early.isEmpty, isLeaving || hasEnded { return end("client left") }
        phase = .head
        willRead()
        arm(early.isEmpty ? times.keepAlive : times.head)
        if !early.isEmpty { readEarly() }
        guard phase == .head else { return }
        // Half a request was its last word.
        if hasEnded { return end("client left") }
        transport.resumeReading()
    }

    /// The client has not taken its last answer: nothing more is read or answered until it has.
    private func waitUntilTaken() {
        transport.pauseReading()
        stall.began(at: loop.now)
        let limit = times.slowConsumer.nanoseconds
        arm(limit > 0 ? StallWatch.firstLook(limit) : 0)
    }

    private func checkWhetherTaken() {
        switch stall.check(transport.outflow, at: loop.now, limit: times.slowConsumer.nanoseconds) {
        case .idle: break
        case .wait(let time): arm(time)
        case .stalled: stalled()
        }
    }

    // MARK: The end

    /// Ends in order: what the client still sends is read and dropped, or a reset would eat our answer.
    final func linger() {
        phase = .answering
        early.removeAll()
        headCharge.set(0)
        bodyCharge.set(0)
        transport.finish()
        transport.resumeReading()
        let clock = ClosingClock(limit: times.close.nanoseconds, at: loop.now)
        closingClock = clock
        arm(clock.firstLook)
    }

    /// A client that still takes its answer is waited for.
    private func checkWhetherOver() {
        let getsOn = stall.delivers(transport.outflow)
        guard let wait = closingClock?.check(at: loop.now, hasMoved: getsOn) else {
            return end("client left")
        }
        arm(wait)
    }

    /// No deadline is left.
    final func disarm() {
        loop.cancel(timer)
        timer = nil
    }
}
