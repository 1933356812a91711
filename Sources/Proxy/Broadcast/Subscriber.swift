internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A client that receives a feed: a leg without another one behind it.
///
/// It holds no queue, only its place in the feed's messages and, while the kernel takes no more, what is under way.
/// `SubscriberDelivery` has what the client is given, `SubscriberReceiving` what comes from it, `SubscriberClosing` its
/// end; this file keeps its state and its time.
final class Subscriber: LiveSession, TimerOwner {
    enum Timer: UInt8 { case housekeeping, closeDeadline, slowConsumer, drain, rate }

    let worker: Worker
    let feed: Feed
    let route: Route
    let facts: SessionFacts
    let leg: Leg
    let agreement: DeflateAgreement?
    /// What the feed's messages are compressed with for this client; nil when they are not.
    let compression: FeedCompression?
    var queue: SubscriberQueue
    /// Where the worker and the feed keep it.
    var position = -1
    var place = -1
    var machine: SessionMachine
    /// What the client sends, while it is being put together.
    var assembly: ClientMessage?
    /// For what the client compresses.
    var allowance: InflateAllowance
    var messageRate: RateLimit
    var ratedMessages: UInt64 = 0
    /// Messages given to the client in full.
    var delivered: UInt64 = 0
    /// How many of them stand in the metrics.
    private var metered: UInt64 = 0
    /// nil between frames.
    var underWay: UnderWay?
    /// It could not take something at once since it last had everything.
    var isBehind = false
    private var lastMessages: UInt64 = 0
    private var lastActivity: UInt64
    var timers = TimerSlots()
    private var meter: SessionMeter
    var onEnd: (() -> Void)?

    init(
        _ leg: Leg, of feed: Feed, plan: UpgradePlan, facts: SessionFacts, worker: Worker,
        onEnd: @escaping () -> Void
    ) {
        self.leg = leg
        self.feed = feed
        self.facts = facts
        self.worker = worker
        self.onEnd = onEnd
        route = plan.route
        machine = SessionMachine(
            client: .open(isMidFrame: false), backend: .absent(since: worker.loop.now),
            closingWithin: plan.route.timeouts.close)
        agreement = plan.agreement
        compression =
            if let agreement = plan.agreement, let options = plan.compression {
                feed.hub.compression(agreement, options)
            } else { nil }
        queue = SubscriberQueue(feed.options, oldest: feed.ring.oldest, end: feed.ring.end)
        meter = worker.metrics.meter(route: plan.route.name, backend: facts.backend)
        allowance = InflateAllowance(plan.route.limits.client.inflate, at: worker.loop.now)
        messageRate = RateLimit(perSecond: plan.route.limits.messagesPerSecond)
        lastActivity = worker.loop.now
        leg.owner = self
    }

    /// Another backend may carry the feed on.
    var backendName: String? { nil }
    var upstreamName: String { facts.upstream }
    var began: UInt64 { facts.began }
    var bufferedBytes: (client: Int, backend: Int) {
        (leg.transport.bufferedBytes + (underWay.map { $0.run.bytes.count - $0.sent } ?? 0), 0)
    }

    func putInMetrics() {
        meter.take(from: leg)
        meter.delivered(delivered &- metered)
        metered = delivered
    }

    /// It no longer counts among the open ones.
    func leaveMetrics() {
        putInMetrics()
        meter.end()
    }

    /// Its feed is carried on by another backend.
    func feedMoved(to backend: String) {
        let next = worker.metrics.meter(route: route.name, backend: backend)
        guard next !== meter, position >= 0 else { return }
        leaveMetrics()
        next.moveIn()
        meter = next
    }

    /// Begins, with what the client has sent already.
    func begin(early: [UInt8]) {
        worker.begin(self)
        feed.add(self)
        deliver()
        if !early.isEmpty {
            var bytes = early
            var span = bytes.mutableSpan
            received(&span, from: leg)
        }
        leg.goOn()
    }

    func start() {
        meter.begin()
        leg.transport.receiver = leg
        leg.transport.keepUnsentSmall()
        scheduleHousekeeping()
    }

    /// Follows other options of its feed.
    func adopt(_ options: BroadcastConfiguration) {
        queue.adopt(options)
        // A message that was being put together to be forwarded may no longer be wanted, or not from its beginning.
        assembly = nil
    }

    // MARK: Time

    func timerFired(_ timer: Timer) {
        switch timer {
        case .housekeeping: keepHouse()
        case .closeDeadline: closeDeadlinePassed()
        case .slowConsumer: checkSlowConsumer()
        case .drain: drainNow()
        case .rate: ratePaid()
        }
    }

    private func keepHouse() {
        let now = worker.loop.now
        if let cause = leg.keepAlive(at: now) { return giveUp(cause) }
        if let assembly, isOverdue(assembly, at: now) {
            return close(
                ClosePayload(.policyViolation, "message did not arrive in time"), by: .proxy,
                cause: .unfinishedMessage)
        }
        let messages = leg.tally.messagesReceived &+ delivered
        if messages != lastMessages {
            lastMessages = messages
            lastActivity = now
        } else if route.timeouts.idle > 0, now - lastActivity >= route.timeouts.idle {
            return carryOut(machine.idle(at: now))
        }
        scheduleHousekeeping()
    }

    /// A message that is begun is held: there must be more of it now and then.
    private func isOverdue(_ message: ClientMessage, at now: UInt64) -> Bool {
        let limit = worker.generation.configuration.timeouts.requestBody
        let since = max(message.lastCame, leg.progress.readSince)
        return limit > 0 && leg.holds.isEmpty && now &- min(since, now) >= limit
    }

    func scheduleHousekeeping() {
        let now = worker.loop.now
        var next = now + 10_000_000_000
        if let due = leg.progress.nextCheck { next = min(next, due) }
        if route.timeouts.idle > 0 { next = min(next, lastActivity + route.timeouts.idle) }
        let limit = worker.generation.configuration.timeouts.requestBody
        if let assembly, limit > 0, leg.holds.isEmpty {
            next = min(next, max(assembly.lastCame, leg.progress.readSince) &+ limit)
        }
        arm(.housekeeping, after: next > now ? next - now : 1)
    }
}
