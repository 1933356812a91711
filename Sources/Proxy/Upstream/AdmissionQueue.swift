internal import EventLoop
internal import Routing
internal import Synchronization

/// The places that an upstream's backends have for handshakes and sessions, and who waits for one, over all workers.
///
/// A place that comes free goes to the first who waits for it; the answer travels by the mailbox of the loop that asked.
final class AdmissionQueue: Sendable {
    /// Someone who wants to ask a backend.
    struct Waiter: Sendable {
        /// nil = any will do.
        let only: BackendState?
        /// These were asked in vain.
        let tried: [BackendState]
        let mailbox: Mailbox

        func fits(_ backend: BackendState) -> Bool {
            if let only { only === backend } else { !tried.contains { $0 === backend } }
        }
    }

    enum OnEnter {
        case entered(BackendState)
        /// The answer comes to the worker's `AdmissionDesk` under the id.
        case waiting
        /// As many wait already as may.
        case full
    }

    private let queue = Mutex(WaitingQueue<Waiter>())
    private let count = Atomic<Int>(0)
    private let ids = Atomic<UInt64>(0)

    init() {}

    /// How many wait.
    var waiting: Int { count.load(ordering: .relaxed) }

    func newID() -> UInt64 { ids.add(1, ordering: .relaxed).newValue }

    /// Takes a place with one of the backends, or joins the queue.
    func enter(_ backends: [BackendState], _ waiter: Waiter, id: UInt64, limit: Int) -> OnEnter {
        queue.withLock { queue in
            // Counted before the last look: who frees a place after that look sees the count and comes here.
            count.add(1, ordering: .sequentiallyConsistent)
            let entered = backends.first { $0.takePlace() }
            if entered == nil, queue.count < limit {
                queue.append(waiter, id: id)
                return .waiting
            }
            count.subtract(1, ordering: .sequentiallyConsistent)
            return entered.map { .entered($0) } ?? .full
        }
    }

    /// Leaves the queue. An answer that is under way all the same is given back by the desk.
    func leave(_ id: UInt64) {
        queue.withLock { queue in
            if queue.remove(id) != nil { count.subtract(1, ordering: .sequentiallyConsistent) }
        }
    }

    /// A place with this backend may have come free, or it may be chosen again.
    func placeFreed(_ backend: BackendState) {
        guard count.load(ordering: .sequentiallyConsistent) > 0 else { return }
        queue.withLock { queue in
            guard !backend.isDraining, backend.health.standing(at: EventLoop.clock) == .up else {
                // Not for it to give away. But when all are out, somebody must be let through all the same.
                if let (id, waiter) = queue.take(where: { $0.fits(backend) }) { sendBack(id, waiter) }
                return
            }
            while backend.takePlace() {
                guard let (id, waiter) = queue.take(where: { $0.fits(backend) }) else {
                    return backend.dropPlace()
                }
                count.subtract(1, ordering: .sequentiallyConsistent)
                AdmissionDesk.answer(id, with: backend, to: waiter.mailbox)
            }
        }
    }

    /// A backend may no longer be chosen: who waits for it alone chooses again.
    func evict(_ backend: BackendState) {
        guard count.load(ordering: .sequentiallyConsistent) > 0 else { return }
        queue.withLock { queue in
            for (id, waiter) in queue.takeAll(where: { $0.only === backend }) {
                sendBack(id, waiter)
            }
        }
    }

    private func sendBack(_ id: UInt64, _ waiter: Waiter) {
        count.subtract(1, ordering: .sequentiallyConsistent)
        AdmissionDesk.answer(id, with: nil, to: waiter.mailbox)
    }
}
