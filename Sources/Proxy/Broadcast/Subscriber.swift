internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A client that receives a feed: a leg without another one behind it.
///
/// It holds no queue, only its place in the feed's messages and, while the kernel takes no more, the message under way.
/// `SubscriberReceiving` has what comes from the client, `SubscriberClosing` its end.
final class Subscriber: LiveSession, TimerTarget {
    enum Timer: UInt8 { case housekeeping, closeDeadline, slowConsumer, drain, rate }

    let worker: Worker
    let feed: Feed
    let route: Route
    let facts: SessionFacts
    let leg: Leg
    let agreement: DeflateAgreement?
    private let compression: FeedCompression?
    private(set) var queue: SubscriberQueue
    /// Where the worker and the feed keep it.
    var position = -1
    var place = -1
    var ending: SessionEnding?
    var isClosing = false
    var plannedDrain: DrainCause?
    /// What the client sends, while it is being put together.
    var assembly: MessageAssembly?
    var messageRate: RateLimit
    var ratedMessages: UInt64 = 0
    /// Messages given to the client in full.
    private(set) var delivered: UInt64 = 0
    private var underWay: SharedBytes?
    private var sent = 0
    private var isBehind = false
    private var takenBytes: UInt64 = 0
    private var lastMessages: UInt64 = 0
    private var lastActivity: UInt64
    private var timers = InlineArray<5, TimerToken?>(repeating: nil)
    private let meter: SessionMeter
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
        agreement = plan.agreement
        compression =
            if let agreement = plan.agreement, let options = plan.compression {
                feed.hub.compression(agreement, options)
            } else { nil }
        queue = SubscriberQueue(feed.options, oldest: feed.ring.oldest, end: feed.ring.end)
        meter = worker.metrics.meter(route: plan.route.name, backend: facts.backend)
        messageRate = RateLimit(perSecond: plan.route.limits.messagesPerSecond)
        lastActivity = worker.loop.now
        leg.owner = self
    }

    /// Another backend may carry the feed on.
    var backendName: String? { nil }
    var upstreamName: String { facts.upstream }
    var began: UInt64 { facts.began }
    var bufferedBytes: (client: Int, backend: Int) {
        (leg.transport.bufferedBytes + (underWay.map { $0.count - sent } ?? 0), 0)
    }

    func putInMetrics() { meter.take(from: leg) }

    /// It no longer counts among the open ones.
    func leaveMetrics() {
        meter.take(from: leg)
        meter.end()
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
        if !leg.hasEnded, !leg.isPaused, !leg.isThrottled { leg.transport.resumeReading() }
    }

    func start() {
        meter.begin()
        leg.transport.receiver = leg
        leg.transport.keepUnsentSmall()
        scheduleHousekeeping()
    }

    // MARK: Delivery

    /// Gives the client what it has not had, as far as it takes it.
    func deliver() {
        guard !leg.hasEnded, resume() else { return }
        while leg.takesData {
            let (oldest, end) = (feed.ring.oldest, feed.ring.end)
            let before = queue.dropped
            let turn = queue.turn(oldest: oldest, end: end, isBehind: isBehind)
            if queue.dropped != before {
                feed.tally.dropped(queue.dropped - before, by: feed.options.slowClient)
            }
            switch turn {
            case .nothing:
                if isBehind { caughtUp() }
                return
            case .tooSlow: return lagsTooMuch()
            case .message(let number):
                guard let message = feed.ring[number] else { return }
                guard send(message.bytes(for: compression), from: 0) else { return }
            }
        }
    }

    /// Goes on with the message under way; true when there is none, or none any longer.
    private func resume() -> Bool {
        if let bytes = underWay {
            guard send(bytes, from: sent) else { return checkLag() }
            underWay = nil
            // What had to wait for the frame's end follows it: a Pong, or our Close.
            leg.isMidFrame = false
            finishIfClosed()
            return true
        }
        guard isBehind, leg.transport.bufferedBytes > 0 else { return true }
        return checkLag()
    }

    /// Nothing can be sent now. Returns false.
    private func checkLag() -> Bool {
        if queue.isTooSlow(oldest: feed.ring.oldest, end: feed.ring.end) { lagsTooMuch() }
        return false
    }

    /// Sends a frame from one of its bytes on; false when the rest must wait.
    private func send(_ frame: SharedBytes, from start: Int) -> Bool {
        var position = start
        while position < frame.count {
            let taken = frame.lend(from: position) { leg.transport.offer($0) }
            guard taken > 0 else { break }
            if position == 0 { queue.taken() }
            position += taken
        }
        leg.tally.bytesSent &+= UInt64(position - start)
        guard position < frame.count else {
            delivered &+= 1
            feed.tally.deliveries &+= 1
            return true
        }
        if position > 0 {
            underWay = frame
            sent = position
            leg.isMidFrame = true
        }
        fallsBehind()
        return false
    }

    private func fallsBehind() {
        guard !isBehind else { return }
        isBehind = true
        takenBytes = bytesTaken
        if route.timeouts.slowConsumer > 0, !isClosing {
            arm(.slowConsumer, after: route.timeouts.slowConsumer)
        }
    }

    private func caughtUp() {
        isBehind = false
        disarm(.slowConsumer)
    }

    /// What the kernel has taken of all that was to be sent.
    private var bytesTaken: UInt64 { leg.tally.bytesSent &- UInt64(leg.transport.bufferedBytes) }

    /// One that has taken nothing at all for the whole time is given up; a slow one that takes something is not.
    private func checkSlowConsumer() {
        guard isBehind else { return }
        guard bytesTaken != takenBytes else { return giveUp(.slowConsumer) }
        takenBytes = bytesTaken
        arm(.slowConsumer, after: route.timeouts.slowConsumer)
    }

    // MARK: Time

    func arm(_ timer: Timer, after delay: UInt64) {
        worker.loop.cancel(timers[Int(timer.rawValue)])
        timers[Int(timer.rawValue)] = worker.loop.schedule(self, kind: timer.rawValue, after: delay)
    }

    func disarm(_ timer: Timer) {
        worker.loop.cancel(timers[Int(timer.rawValue)])
        timers[Int(timer.rawValue)] = nil
    }

    func timerFired(_ kind: UInt8) {
        guard let timer = Timer(rawValue: kind) else { return }
        timers[Int(kind)] = nil
        switch timer {
        case .housekeeping: keepHouse()
        case .closeDeadline: endNow()
        case .slowConsumer: checkSlowConsumer()
        case .drain: drainNow()
        case .rate: ratePaid()
        }
    }

    private func keepHouse() {
        let now = worker.loop.now
        switch leg.keepalive.check(at: now) {
        case .wait: break
        case .ping: leg.sendPing(Array("trunkline".utf8))
        case .dead: return giveUp(.pongTimeout)
        }
        let messages = leg.tally.messagesReceived &+ delivered
        if messages != lastMessages {
            lastMessages = messages
            lastActivity = now
        } else if route.timeouts.idle > 0, now - lastActivity >= route.timeouts.idle {
            return close(ClosePayload(.goingAway, "idle for too long"), by: .proxy, cause: .idleTimeout)
        }
        scheduleHousekeeping()
    }

    private func scheduleHousekeeping() {
        let now = worker.loop.now
        var next = now + 10_000_000_000
        if let due = leg.keepalive.nextCheck { next = min(next, due) }
        if route.timeouts.idle > 0 { next = min(next, lastActivity + route.timeouts.idle) }
        arm(.housekeeping, after: next > now ? next - now : 1)
    }
}
