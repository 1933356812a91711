internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import Logging
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A client that receives a feed: a side without another one behind it.
///
/// It holds no queue, only its place in the feed's messages and, while the kernel takes no more, what is under way.
/// `SubscriberDelivery` has what the client is given, `SubscriberReceiving` what comes from it. Nobody is behind it: its
/// machine has no backend side, and answers each Close.
final class Subscriber: LiveSession {
    let feed: Feed
    let agreement: DeflateAgreement?
    /// What the feed's messages are compressed with for this client; nil when they are not.
    let compression: FeedCompression?
    var queue: SubscriberQueue
    /// Where the feed keeps it.
    var place = -1
    /// What the client sends, while it is being put together.
    var assembly: ClientMessage?
    /// For what the client compresses.
    var allowance: InflateAllowance
    /// Messages given to the client in full.
    var delivered: UInt64 = 0
    /// How many of them stand in the metrics.
    private var metered: UInt64 = 0
    /// nil between frames.
    var underWay: UnderWay?
    /// It could not take something at once since it last had everything.
    var isBehind = false

    init(
        _ peer: WebSocketPeer, of feed: Feed, plan: UpgradePlan, facts: SessionFacts, worker: Worker,
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

    override func drained(_ peer: WebSocketPeer) {
        deliver()
        settled(peer)
    }

    /// The feed's connection is kept awake by those who receive it; once a second by all of them together. What the
    /// backend pings measures the feed, not each of its clients, whom we ask ourselves.
    override func pinged(by peer: WebSocketPeer) { feed.peer?.carryPing() }

    // MARK: Time

    /// A message that is begun is held: there must be more of it now and then.
    override var nextMore: UInt64? {
        let limit = worker.generation.configuration.timeouts.requestBody
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

    /// It is behind by more than its policy bears; found again with each message until it is closed.
    func lagsTooMuch() {
        guard !isEnding else { return }
        feed.tally.slowClosed &+= 1
        close(ClosePayload(.tryAgainLater, "too slow for this feed"), by: .proxy, cause: .lagging)
    }

    override func addLogFields(to fields: inout Logger.Metadata) {
        fields["mode"] = "broadcast"
        fields["messages_to_client"] = .stringConvertible(delivered)
        fields["messages_dropped"] = .stringConvertible(queue.dropped)
    }
}
