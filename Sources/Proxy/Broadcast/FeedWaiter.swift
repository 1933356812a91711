internal import EventLoop
internal import HTTPProtocol

/// What becomes of a client that asks for a WebSocket which may be a feed's.
enum OnSubscribe {
    /// A feed is open that it may join.
    case joined(Feed, AcceptedUpgrade)
    /// It gets one of its own, or none.
    case answered(UpgradeOutcome)
}

/// One client's place among those who wait until a feed is open.
final class FeedWaiter: PendingUpgrade, TimerTarget {
    let plan: UpgradePlan
    /// In the feed's queue.
    var number: UInt64 = 0
    private let worker: SessionContext
    private var done: ((OnSubscribe) -> Void)?
    private var feed: Feed?
    private var deadline: TimerToken?
    private let began: UInt64

    init(_ plan: UpgradePlan, worker: SessionContext, done: @escaping (OnSubscribe) -> Void) {
        self.plan = plan
        self.worker = worker
        self.done = done
        began = worker.loop.now
    }

    func wait(on feed: Feed, for time: Duration) {
        self.feed = feed
        if time > .zero { deadline = worker.loop.schedule(self, kind: 0, after: time) }
    }

    func answer(_ outcome: OnSubscribe) {
        let done = self.done
        forget()
        guard let done else { return }
        if case .joined = outcome {
            worker.metrics.countJoined(route: plan.route.name, after: worker.loop.now - began)
        }
        done(outcome)
    }

    var phase: Fault.Phase { .feed }

    func cancel() {
        let feed = self.feed
        forget()
        feed?.withdraw(self)
    }

    private func forget() {
        worker.loop.cancel(deadline)
        deadline = nil
        done = nil
        feed = nil
    }

    func timerFired(_ kind: UInt8) {
        deadline = nil
        // The one that is being asked for has its own deadlines.
        guard let feed, feed.asking !== self else { return }
        let name = feed.key.upstream
        let done = self.done
        cancel()
        let fault = Fault(.feedTimeout)
        worker.log.tell(.upgradeFailed(name, backend: nil, fault))
        done?(.answered(.failed(fault, of: nil)))
    }
}
