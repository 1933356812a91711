internal import BasicContainers
internal import Configuration
internal import Durations
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A client that receives a feed: a side without another one behind it.
///
/// It holds no queue, only its place in the feed's messages and, while the kernel takes no more, what is under way.
/// Nobody is behind it: its machine has no backend side, and answers each Close.
final class Subscriber: LiveSession {
    /// How long a message waits for others of its connection, in nanoseconds.
    private static let crowdedTime = Duration.milliseconds(50).nanoseconds

    /// Messages that the kernel has taken a part of.
    private struct UnderWay {
        let run: MessageRun
        var sent: Int
    }

    // What a delivery looks at stands together.
    /// nil between frames.
    private var underWay: UnderWay?
    private var queue: SubscriberQueue
    /// Something could not be taken at once, and it has not had everything since.
    private var isBehind = false
    /// Messages given to the client in full.
    private var delivered: UInt64 = 0
    private let feed: Feed
    /// What the feed's messages are compressed with for this client; nil when they are not.
    private let compression: FeedCompression?
    private let agreement: DeflateAgreement?
    /// Where the feed keeps it.
    var place = -1
    /// What the client sends, while it is being put together.
    private var assembly: ClientMessage?
    /// For what the client compresses.
    private var allowance: InflateAllowance
    /// What the client has sent, as far as its connection's share of compression knows of it.
    private var earned: UInt64 = 0
    /// How many of the messages that were delivered stand in the metrics.
    private var metered: UInt64 = 0

    init(
        _ peer: WebSocketPeer, of feed: Feed, plan: UpgradePlan, facts: SessionFacts, worker: SessionContext,
        onEnd: @escaping () -> Void
    ) {
        self.feed = feed
        agreement = plan.agreement
        compression =
            if let agreement = plan.agreement, let options = plan.compression {
                feed.hub.compression(agreement, options)
            } else { nil }
        queue = SubscriberQueue(feed.options, oldest: feed.ring.oldest, end: feed.ring.end)
        allowance = InflateAllowance(plan.route.limits.client.inflate, at: worker.loop.now)
        super.init(
            client: peer, backend: nil, route: plan.route, facts: facts, worker: worker, onEnd: onEnd)
    }

    override var bufferedBytes: (client: Int, backend: Int) {
        (client.transport.bufferedBytes + (underWay.map { $0.run.bytes.count - $0.sent } ?? 0), 0)
    }
    override var messages: UInt64 { client.tally.messagesReceived &+ delivered }

    override func putInMetrics() {
        super.putInMetrics()
        count(delivered: delivered &- metered)
        metered = delivered
    }

    /// Begins, with what the client has sent already.
    func begin(early: [UInt8]) {
        worker.begin(self)
        feed.add(self)
        deliver()
        client.receivedEarly(early)
        client.goOn()
    }

    override func start() {
        super.start()
        client.transport.keepUnsentSmall()
    }

    /// Follows other options of its feed.
    func adopt(_ options: BroadcastConfiguration) {
        queue.adopt(options)
        // A message that was being put together to be forwarded may no longer be wanted, or not from its beginning.
        assembly = nil
    }

    // MARK: What happens

    override func received(
        _ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer
    ) {
        read(&bytes)
    }

    override func flushed(_ peer: WebSocketPeer) {
        deliver()
        settled(peer)
    }

    /// The feed's connection is kept awake by those who receive it; once a second by all of them together. What the
    /// backend pings measures the feed, not each of its clients, whom we ask ourselves.
    override func pinged(by peer: WebSocketPeer) { feed.peer?.carryPing() }

    /// Where its messages are passed on.
    override var taker: WebSocketPeer? { feed.peer }

    // MARK: Time

    /// A message that is begun is held: there must be more of it now and then.
    override var nextMore: UInt64? {
        let limit = worker.configuration.timeouts.requestBody.nanoseconds
        guard let assembly, limit > 0, client.holds.isEmpty else { return nil }
        return max(assembly.lastCame, client.readSince) &+ limit
    }

    override func checkMore(at now: UInt64) -> Bool {
        guard let due = nextMore, now >= due else { return true }
        close(
            ClosePayload(.policyViolation, "message did not arrive in time"), by: .proxy,
            cause: .unfinishedMessage)
        return false
    }

    // MARK: The end

    override func endBegan() { assembly = nil }

    override func forgotten() { feed.remove(self) }

    override var mustLeave: Bool { feed.lastWords != nil }

    /// The feed has ended: says its last words when this many nanoseconds have passed.
    func leave(after delay: UInt64) {
        if !isEnding { arm(.drain, after: delay) }
    }

    override func drainDue() {
        guard let last = feed.lastWords else { return super.drainDue() }
        close(last.payload, by: last.by, cause: last.cause)
    }

    /// It is further behind than its policy allows. Each message shows this again until it is closed.
    func lagsTooMuch() {
        guard !isEnding else { return }
        feed.tally.closedSlow()
        close(ClosePayload(.tryAgainLater, "too slow for this feed"), by: .proxy, cause: .lagging)
    }

    override var recordedPart: SessionRecord.Part {
        .subscribed(delivered: delivered, dropped: queue.dropped)
    }

    // MARK: What the client is given

    /// Where a delivery looks.
    var lines: CacheLines {
        var lines = CacheLines()
        lines.add(self, bytes: 64)
        lines.add(&underWay, bytes: 96)
        client.addLines(to: &lines)
        return lines
    }

    /// It has a part of a message, and keeps what is left of it from being freed.
    var holdsMessage: Bool { underWay != nil }

    /// Gives the client what it has not had, as far as it takes it.
    func deliver() {
        guard client.isConnected, resume() else { return }
        while client.takesData {
            switch turn() {
            case .nothing:
                if isBehind { caughtUp() }
                return
            case .tooSlow: return lagsTooMuch()
            case .messages(let range):
                guard let run = feed.run(range, for: compression), send(run) else { return }
            }
        }
    }

    private func turn() -> OnNext {
        let before = queue.dropped
        let turn = queue.turn(oldest: feed.ring.oldest, end: feed.ring.end, isBehind: isBehind)
        if queue.dropped != before {
            feed.tally.dropped(queue.dropped - before, by: feed.options.slowClient)
        }
        return turn
    }

    /// Goes on with what is under way; true when there is nothing, or nothing any longer.
    private func resume() -> Bool {
        if let begun = underWay {
            guard send(begun.run, from: begun.sent) else { return checkLag() }
            underWay = nil
            // What had to wait for the frame's end follows it: a Pong, or our Close.
            frameEnds(towards: client)
            return true
        }
        guard isBehind, client.transport.bufferedBytes > 0 else { return true }
        return checkLag()
    }

    /// Nothing can be sent now. Returns false.
    private func checkLag() -> Bool {
        if queue.isTooSlow(oldest: feed.ring.oldest, end: feed.ring.end) { lagsTooMuch() }
        return false
    }

    /// Sends messages from one of their bytes on; false when the rest must wait.
    private func send(_ run: MessageRun, from start: Int = 0) -> Bool {
        var position = start
        while position < run.bytes.count {
            let taken = run.bytes.lend(from: position) { client.transport.offer($0) }
            guard taken > 0 else { break }
            if position == 0 { queue.taken(run.count) }
            position += taken
        }
        client.count(sent: position - start)
        guard position < run.bytes.count else {
            delivered &+= UInt64(run.count)
            feed.tally.delivered(run.count)
            return true
        }
        if position > 0 {
            underWay = UnderWay(run: run, sent: position)
            frameBegins(towards: client)
        }
        fallsBehind()
        return false
    }

    private func fallsBehind() {
        guard !isBehind else { return }
        isBehind = true
        if !isEnding { awaitTaking(by: client) }
    }

    private func caughtUp() {
        isBehind = false
        client.hasTaken()
        disarm(.slowConsumer)
    }

    // MARK: What comes from it

    private func read(_ bytes: inout MutableSpan<UInt8>) {
        if feed.options.clientMessages == .forward, !feed.takesMessages { pauseForFeed() }
        waitIfSpent()
        waitIfCrowded()
        var position = 0
        do throws(ProtocolViolation) {
            // What would be passed on waits as long as the feed's backend takes nothing.
            while client.isHeard, client.holds.isEmpty,
                let slice = try client.frames.next(bytes.span, from: &position)
            {
                if slice.header.opcode.isControl {
                    let close = try client.takeControl(
                        bytes.span.extracting(slice.payload), slice, at: worker.loop.now)
                    if let close { closeReceived(close, from: client) }
                } else {
                    try take(&bytes, slice)
                    // What is over a rate waits: the client is not looked at while it is held.
                    if slice.endsMessage, client.isRated { _ = isOverRate(client) }
                }
            }
            if client.isRated { _ = isOverRate(client) }
            if client.isHeard { client.keep(bytes.span.extracting(position..<bytes.count)) }
        } catch {
            fail(client, error)
        }
    }

    private func take(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice) throws(ProtocolViolation) {
        client.count(slice)
        switch feed.options.clientMessages {
        case _ where lease?.watch != nil: try forward(&bytes, slice)
        case .discard: break
        case .forward: try forward(&bytes, slice)
        case .close:
            close(
                ClosePayload(.policyViolation, "this feed takes no messages"), by: .client,
                cause: .unwantedMessage)
        }
    }

    /// Only whole messages go to the backend: those of several clients share one connection.
    private func forward(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice) throws(ProtocolViolation) {
        let header = slice.header
        let now = worker.loop.now
        if slice.beginsMessage {
            assembly = ClientMessage(
                header.opcode, compression: header.rsv1 ? agreement?.fromClient : nil,
                limits: route.limits.client.inflate, memory: worker.contextMemory,
                in: client.transport.contexts, on: client.transport.account, at: now)
            if header.opcode == .text { assembly?.watch = lease?.watch }
            if !slice.endsMessage, !isEnding { scheduleHousekeeping() }
        }
        guard let assembly else { return }
        applyMask(&bytes, in: slice.payload, key: header.maskingKey, offset: slice.payloadOffset)
        let meant = try assembly.append(
            bytes.span.extracting(slice.payload), isLast: slice.endsMessage, at: now, scratch: worker.scratch)
        if agreement != nil { worker.inflation.spend(meant, at: now) }
        waitIfSpent()
        let wait = allowance.took(slice.payload.count, becoming: meant, at: now)
        if wait > 0 { throttle(client, for: wait, limit: "inflate_ratio") }
        guard slice.endsMessage || isUnwanted(assembly) else { return }
        self.assembly = nil
        waitIfCrowded()
        if let token = assembly.token {
            lease?.renew(with: token)
        } else if feed.options.clientMessages == .forward {
            feed.say(assembly)
            if !feed.takesMessages { pauseForFeed() }
        } else if feed.options.clientMessages == .close {
            close(
                ClosePayload(.policyViolation, "this feed takes no messages"), by: .client,
                cause: .unwantedMessage)
        }
    }

    /// What a client compresses is inflated to be looked at: that is work of the turn, as it is in a session.
    private func waitIfSpent() {
        guard agreement != nil, worker.inflation.isSpent(at: worker.loop.now) else { return }
        client.waitForTurn()
    }

    /// Those that share the client's connection have many messages under way: a new one waits for them.
    private func waitIfCrowded() {
        guard let agreement, assembly == nil, let share = client.transport.contexts else { return }
        share.earns(client.tally.bytesReceived &- earned)
        earned = client.tally.bytesReceived
        let bytes = Inflater.stateBytes(agreement.fromClient, in: worker.contextMemory.arena)
        if !share.takes(bytes) { throttle(client, for: Self.crowdedTime, limit: "buffer") }
    }

    /// Whether a message was only looked at for a token, and has none.
    private func isUnwanted(_ message: ClientMessage) -> Bool {
        feed.options.clientMessages != .forward && message.watch == nil && message.token == nil
    }

    override func say(_ payload: [UInt8], isText: Bool) -> Bool {
        guard !isEnding, client.takesData, underWay == nil,
            !client.transport.isFull(beyond: route.limits.buffer)
        else { return false }
        client.send(message: payload, isText: isText)
        return true
    }

    private func pauseForFeed() {
        if !client.isPaused { client.hold(.full) }
    }

    /// The upstream connection takes again.
    func feedTakesMore() {
        if client.isPaused { client.release(.full) }
    }
}
