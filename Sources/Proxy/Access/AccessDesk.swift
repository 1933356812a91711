internal import Access
internal import Durations
internal import EventLoop
internal import HTTPProtocol

/// What one worker's access rules wait for and remember.
final class AccessDesk: TimerTarget {
    /// Answers of authorities that are kept.
    private static let mostKept = 4096
    /// How often it is looked whether keys are due.
    private static let lookInterval = Duration.seconds(1)

    private unowned let worker: AccessContext
    private let cacheKey: [UInt8]
    private var waits: [UInt64: (Bool) -> Void] = [:]
    private var nextWait: UInt64 = 0
    private var calls: [UInt64: UpstreamCall] = [:]
    private var answers = TimedCache<[UInt8], [(name: String, value: String)]>(
        capacity: AccessDesk.mostKept)
    private var looks = false

    init(_ worker: AccessContext) {
        self.worker = worker
        cacheKey = (0..<2).flatMap { _ in worker.randomKeyBytes() }
    }

    // MARK: Passwords

    /// Has a password compared; false where too many are. `done` may be called at once.
    func ask(_ check: PasswordCheck, done: @escaping (Bool) -> Void) -> Bool {
        let id = wait(done)
        let desk = worker.passwords
        switch desk.ask(
            check, at: worker.loop.now, answerTo: worker.loop.mailbox,
            done: { loop, isRight in
                (loop.owner as? AccessContext)?.access.answered(id, isRight)
            })
        {
        case .right: answered(id, true)
        case .asked: break
        case .busy:
            waits[id] = nil
            return false
        }
        return true
    }

    private func wait(_ done: @escaping (Bool) -> Void) -> UInt64 {
        nextWait &+= 1
        waits[nextWait] = done
        return nextWait
    }

    private func answered(_ id: UInt64, _ isRight: Bool) { waits.removeValue(forKey: id)?(isRight) }

    // MARK: Keys

    /// Sees to it that keys are fetched before anybody asks, by one worker for all.
    func watchKeys() {
        guard worker.index == 0, !looks, !worker.fetchedKeys.isEmpty else { return }
        looks = true
        timerFired(0)
    }

    func timerFired(_ kind: UInt8) {
        for (source, route) in worker.fetchedKeys {
            _ = fetch(source, .due, for: route) {}
        }
        looks = !worker.fetchedKeys.isEmpty && !worker.isDraining
        if looks { _ = worker.loop.schedule(self, kind: 0, after: Self.lookInterval) }
    }

    /// Fetches keys, or waits until somebody else has; false where there is nothing to wait for.
    func fetch(
        _ source: FetchedKeys, _ cause: KeyRefresh.Cause, for route: Route, _ done: @escaping () -> Void
    ) -> Bool {
        let begins = source.begins(cause, at: worker.loop.now)
        if cause == .due, !begins { return false }
        let id = wait { _ in done() }
        let waiter = FetchedKeys.Waiter(mailbox: worker.loop.mailbox) { loop in
            (loop.owner as? AccessContext)?.access.answered(id, true)
        }
        guard source.wait(waiter) else {
            waits[id] = nil
            return false
        }
        if begins { begin(source, for: route, id) }
        return true
    }

    private func begin(_ source: FetchedKeys, for route: Route, _ id: UInt64) {
        let plan = RequestPlan.ofOurs(source.path, upstream: source.upstream, route: route, worker: worker)
        let call = UpstreamCall(plan, on: worker, within: .seconds(10)) { [weak self] answer in
            guard let self else { return }
            calls[id] = nil
            var keys: KeySet?
            var cause = "no answer"
            if let answer {
                cause = "answered \(answer.head.status)"
                if answer.head.status == 200 {
                    do throws(KeySetError) { keys = try KeySet(answer.body) } catch { cause = error.reason }
                }
            }
            if keys == nil {
                worker.log.tell(.keysNotFetched(upstream: source.upstream, path: source.path, cause: cause))
            } else {
                worker.metrics.add(.accessKeyFetches, ["fetched"])
            }
            source.ended(with: keys, at: worker.loop.now)
        }
        calls[id] = call
        call.start()
    }

    // MARK: Authorities

    /// What an authority said to the same question a while ago.
    func known(_ inquiry: AuthorityInquiry) -> [(name: String, value: String)]? {
        guard inquiry.policy.cache > .zero, let key = inquiry.cacheKey else { return nil }
        return answers.value(of: digest(key), at: worker.loop.now)
    }

    func keep(_ told: [(name: String, value: String)], of inquiry: AuthorityInquiry) {
        guard inquiry.policy.cache > .zero, let key = inquiry.cacheKey else { return }
        answers.keep(told, for: digest(key), until: worker.loop.now &+ inquiry.policy.cache.nanoseconds)
    }

    /// Tokens are not kept, only what they come to.
    private func digest(_ bytes: [UInt8]) -> [UInt8] {
        VerificationKey.hmac("SHA256", key: cacheKey, bytes)
    }
}
