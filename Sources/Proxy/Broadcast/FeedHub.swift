internal import Configuration
internal import EventLoop
internal import PerMessageDeflate
internal import Telemetry
internal import WebSocketProtocol

/// The feeds of one worker, and what they share.
final class FeedHub {
    private unowned let worker: SessionContext
    private var feeds: [FeedKey: Feed] = [:]
    private var compressions: [FeedCompression.Parameters: FeedCompression] = [:]
    /// By the order of their coming.
    private var leaving: [UInt64: (farewell: Farewell, tally: FeedTally)] = [:]
    private var nextFarewell: UInt64 = 0
    private var tallies: [String: FeedTally] = [:]

    /// What a round over subscribers sends.
    var batch: SendBatch { worker.sendBatch }

    init(worker: SessionContext) { self.worker = worker }

    /// Whether nothing is left that a backend would miss.
    var isEmpty: Bool { feeds.isEmpty && leaving.isEmpty }

    /// Lets a client into the feed of its plan, which is opened if need be. `done` may be called at once.
    func join(
        _ plan: UpgradePlan, _ options: BroadcastConfiguration, done: @escaping (OnSubscribe) -> Void
    ) -> any PendingUpgrade {
        let waiter = FeedWaiter(plan, worker: worker, done: done)
        let key = FeedKey(plan, fields: options.keyHeaders)
        if let feed = feeds[key] {
            feed.join(waiter)
        } else if isFull(options, key.upstream) {
            waiter.answer(.answered(.failed(Fault(.feedsFull), of: nil)))
        } else {
            let feed = Feed(key, for: plan, options: options, hub: self, worker: worker)
            feeds[key] = feed
            feed.tally.opened()
            feed.join(waiter)
        }
        return waiter
    }

    /// Whether there is no place for another feed of an upstream. One that has no clients makes room.
    private func isFull(_ options: BroadcastConfiguration, _ upstream: String) -> Bool {
        let tally = tally(upstream)
        guard tally.feeds >= options.feeds else { return false }
        guard let longest = tally.takeLongestWaiting() else { return true }
        longest.end(.normal)
        return false
    }

    /// Forgets a feed: the next client of its key opens another.
    func forget(_ feed: Feed) {
        guard feeds[feed.key] === feed else { return }
        feeds[feed.key] = nil
        feed.tally.closed()
        worker.checkEmpty()
    }

    /// What the feeds of an upstream are counted with.
    func tally(_ upstream: String) -> FeedTally {
        if let tally = tallies[upstream] { return tally }
        let made = FeedTally()
        tallies[upstream] = made
        return made
    }

    /// Brings the metrics up to date with what upstream connections have carried.
    func putInMetrics() {
        for feed in feeds.values { feed.putInMetrics() }
    }

    /// The worker's part of the metrics.
    func write(to values: inout MetricSet) {
        for (name, tally) in tallies { tally.write(to: &values, upstream: name) }
    }

    /// The set of compression parameters that these are.
    func compression(_ agreement: DeflateAgreement, _ options: DeflateOptions) -> FeedCompression {
        let parameters = FeedCompression.Parameters(agreement, options)
        if let known = compressions[parameters] { return known }
        let made = FeedCompression(id: compressions.count, agreement, options, worker: worker)
        compressions[parameters] = made
        return made
    }

    // MARK: Changes

    /// Gives feeds the options that their upstreams have after a reload.
    func adoptOptions() {
        for feed in Array(feeds.values) {
            guard let upstream = worker.upstream(feed.key.upstream)?.settings.configuration,
                upstream.mode == .broadcast
            else { continue }
            feed.adopt(upstream.broadcast)
        }
    }

    /// Ends those that nobody receives: where no new client comes, they wait for none.
    func endIdle() {
        for feed in Array(feeds.values) where feed.isIdle { feed.end(.goingAway) }
    }

    /// Moves the feeds away from backends that are drained or no longer configured.
    func leaveDrainedBackends() {
        for feed in Array(feeds.values) {
            if feed.isIdle, worker.upstream(feed.key.upstream) == nil { feed.end(.goingAway) }
            // Without the upstream there is nowhere to go: its clients are drained as those of a lost route.
            guard let state = feed.backend?.state, state.isDraining || !state.isConfigured,
                worker.upstream(feed.key.upstream) != nil
            else { continue }
            feed.move()
        }
    }

    /// The process drains: feeds without clients end now, the others with their last one.
    func drain() {
        for feed in Array(feeds.values) where feed.isIdle { feed.end(.goingAway) }
    }

    // MARK: Farewells

    /// Ends a feed's upstream connection: in order when there is a Close to be sent, else at once. Of those that take their
    /// leave no more are kept than may be open, or clients that come and go could make connections without end.
    func takeLeave(
        of peer: WebSocketPeer, from feed: Feed, _ payload: ClosePayload?, deadline: UInt64,
        done: @escaping () -> Void
    ) {
        let tally = feed.tally
        if tally.leaving >= feed.options.feeds { cutFarewell(of: tally) }
        let id = nextFarewell
        nextFarewell += 1
        let farewell = Farewell(
            peer, .open(isMidFrame: false), on: worker.loop, deadline: deadline
        ) { [unowned self] in
            leaving[id] = nil
            tally.hasLeft()
            done()
            worker.checkEmpty()
        }
        tally.beganLeaving()
        leaving[id] = (farewell, tally)
        if let payload { farewell.begin(payload) } else { farewell.abort() }
    }

    private func cutFarewell(of tally: FeedTally) {
        let oldest = leaving.filter { $0.value.tally === tally }.min { $0.key < $1.key }
        oldest?.value.farewell.abort()
    }
}
