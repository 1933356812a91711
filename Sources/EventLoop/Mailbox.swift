internal import CLinux
internal import Synchronization

/// How other threads reach a loop: work posted here runs on the loop's thread, in order.
package final class Mailbox: Sendable {
    private struct State {
        var work: [@Sendable (EventLoop) -> Void] = []
        var isSignalled = false
    }

    private let state = Mutex(State())
    private let eventDescriptor: Int32

    init() throws(SystemError) {
        eventDescriptor = trunkline_eventfd()
        guard eventDescriptor >= 0 else { throw SystemError("eventfd") }
    }

    deinit { _ = close(eventDescriptor) }

    /// Runs `work` on the loop's thread at its next turn; from any thread, never blocking for longer than a list append.
    package func post(_ work: @escaping @Sendable (EventLoop) -> Void) {
        let mustSignal = state.withLock { state in
            state.work.append(work)
            defer { state.isSignalled = true }
            return !state.isSignalled
        }
        guard mustSignal else { return }
        var one: UInt64 = 1
        // An eventfd takes 8 bytes; it can't be full, since it is written only once between two reads.
        _ = unsafe write(eventDescriptor, &one, 8)
    }

    func duplicateDescriptor() -> Descriptor { Descriptor(trunkline_duplicate(eventDescriptor)) }

    func take() -> [@Sendable (EventLoop) -> Void] {
        var count: UInt64 = 0
        _ = unsafe read(eventDescriptor, &count, 8)
        return state.withLock { state in
            state.isSignalled = false
            let work = state.work
            state.work = []
            return work
        }
    }
}

/// Watches the mailbox's eventfd.
final class WakePollable: Pollable {
    private let mailbox: Mailbox

    init(mailbox: Mailbox, on loop: EventLoop) {
        self.mailbox = mailbox
        super.init(mailbox.duplicateDescriptor(), on: loop)
    }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        for work in mailbox.take() { work(loop) }
    }
}
