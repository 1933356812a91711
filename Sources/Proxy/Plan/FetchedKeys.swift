internal import Access
internal import EventLoop
internal import Synchronization

/// Keys that an upstream gives: one set for all workers, asked for by one of them at a time.
final class FetchedKeys: Sendable {
    private struct State {
        var keys: KeySet?
        var plan: KeyRefresh
        /// Who awaits the answer: on which loop, and under what number.
        var waiting: [Waiter] = []
    }

    /// One that waits for keys.
    struct Waiter: Sendable {
        let mailbox: Mailbox
        let done: @Sendable (EventLoop) -> Void
    }

    let upstream: String
    let path: String
    private let state: Mutex<State>

    init(upstream: String, path: String, options: KeyRefresh.Options) {
        self.upstream = upstream
        self.path = path
        state = Mutex(State(plan: KeyRefresh(options)))
    }

    func adopt(_ options: KeyRefresh.Options) { state.withLock { $0.plan.options = options } }

    /// The keys, as long as they may be used; nil where there are none.
    func keys(at now: UInt64) -> KeySet? {
        state.withLock { $0.plan.isUsable(at: now) ? $0.keys : nil }
    }

    /// Whether whoever asks is to fetch the keys now.
    func begins(_ cause: KeyRefresh.Cause, at now: UInt64) -> Bool {
        state.withLock { $0.plan.begins(cause, at: now) }
    }

    /// Waits for the fetch that is under way; false where there is none.
    func wait(_ waiter: Waiter) -> Bool {
        state.withLock { state in
            guard state.plan.isFetching else { return false }
            state.waiting.append(waiter)
            return true
        }
    }

    /// A fetch has ended: nil where it brought no keys.
    func ended(with keys: KeySet?, at now: UInt64) {
        let waiting = state.withLock { state in
            if let keys {
                state.keys = keys
                state.plan.fetched(at: now)
            } else {
                state.plan.failed(at: now)
            }
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.mailbox.post(waiter.done) }
    }
}
