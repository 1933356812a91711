internal import EventLoop
internal import Synchronization

/// Where each worker can be reached by the others.
final class WorkerDirectory: Sendable {
    private let mailboxes = Mutex<[Int: Mailbox]>([:])

    func enter(_ worker: Int, _ mailbox: Mailbox) { mailboxes.withLock { $0[worker] = mailbox } }

    /// nil where there is no such worker.
    func mailbox(_ worker: Int) -> Mailbox? { mailboxes.withLock { $0[worker] } }
}
