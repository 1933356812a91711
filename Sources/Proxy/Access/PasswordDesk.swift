internal import Access
internal import Durations
internal import EventLoop
internal import Synchronization

/// Compares passwords on threads of its own: a hash takes from milliseconds to seconds, which no loop can wait for.
///
/// What was right is remembered for a while, under a keyed hash of the question: browsers send the password with each
/// request. The threads end when nothing is asked.
final class PasswordDesk: Sendable {
    /// How long a right password is remembered.
    private static let memory = Duration.seconds(60).nanoseconds
    private static let mostRemembered = 4096
    private static let mostWaiting = 128
    private static let mostThreads = 2

    private struct Question: Sendable {
        let check: PasswordCheck
        let digest: [UInt8]
        let mailbox: Mailbox
        let done: @Sendable (EventLoop, Bool) -> Void
    }

    private struct State {
        var queue: [Question] = []
        var threads = 0
        var right: TimedCache<[UInt8], Bool>
    }

    private let key: [UInt8]
    private let state = Mutex(State(right: TimedCache(capacity: PasswordDesk.mostRemembered)))

    init() {
        var random = KernelRandom()
        key = (0..<4).flatMap { _ in
            let word = random.next()
            return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
    }

    /// What is known at once.
    enum OnQuestion { case right, asked, busy }

    /// Asks whether a password is right; `done` runs on the loop behind `mailbox`, unless the answer is known already.
    func ask(
        _ check: PasswordCheck, at now: UInt64, answerTo mailbox: Mailbox,
        done: @escaping @Sendable (EventLoop, Bool) -> Void
    ) -> OnQuestion {
        let digest = check.digest(key: key)
        enum Next { case right, busy, startThread, wait }
        let next = state.withLock { state -> Next in
            if state.right.value(of: digest, at: now) != nil { return .right }
            guard state.queue.count < Self.mostWaiting else { return .busy }
            state.queue.append(Question(check: check, digest: digest, mailbox: mailbox, done: done))
            guard state.threads < Self.mostThreads else { return .wait }
            state.threads += 1
            return .startThread
        }
        switch next {
        case .right: return .right
        case .busy: return .busy
        case .wait: return .asked
        case .startThread:
            do throws(SystemError) {
                try WorkerThread { [self] in serve() }.detach()
            } catch {
                let rest = state.withLock { state -> [Question] in
                    state.threads -= 1
                    guard state.threads == 0 else { return [] }
                    defer { state.queue = [] }
                    return state.queue
                }
                for question in rest { question.mailbox.post { question.done($0, false) } }
            }
            return .asked
        }
    }

    private func serve() {
        while let question = next() {
            let isRight = question.check.run()
            if isRight {
                let until = EventLoop.clock &+ Self.memory
                state.withLock { $0.right.keep(true, for: question.digest, until: until) }
            }
            question.mailbox.post { question.done($0, isRight) }
        }
    }

    private func next() -> Question? {
        state.withLock { state in
            guard !state.queue.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }
}
