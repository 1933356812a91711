/// What an order to drain the process means.
enum OnProcessDrain: Equatable {
    /// Workers are to say when they have drained.
    case begins
    /// They are to drain, and will say so anyway: some have already.
    case followsLinger
    /// It is under way.
    case ignored
}

/// How far the process is on the way to its end. Pure.
struct ProcessEnd: Equatable {
    private enum State: Equatable {
        case serving
        /// Another process accepts, and the sessions of this one are left alone for a while.
        case lingering(undrained: Int)
        case draining(undrained: Int)
    }

    private var state = State.serving
    /// A signal has come that wants an end.
    private var isOrdered = false
    /// Another process serves.
    private(set) var hasSuccessor = false

    /// It takes nothing new any more.
    var isUnderWay: Bool { state != .serving }

    var isLingering: Bool { if case .lingering = state { true } else { false } }

    /// Another process serves.
    mutating func succeeded() { hasSuccessor = true }

    /// Sessions are left alone until they end.
    ///
    /// - Parameter workers: who say when they have none left.
    mutating func lingers(workers: Int) { state = .lingering(undrained: workers) }

    /// Sessions are to be closed.
    mutating func drains(workers: Int) -> OnProcessDrain {
        switch state {
        case .serving:
            state = .draining(undrained: workers)
            return .begins
        case .lingering(let undrained):
            state = .draining(undrained: undrained)
            return .followsLinger
        case .draining: return .ignored
        }
    }

    /// A worker has nothing left to close. Whether it was the last.
    mutating func workerDrained() -> Bool {
        switch state {
        case .serving: return false
        case .lingering(let undrained):
            state = .lingering(undrained: max(0, undrained - 1))
            return undrained == 1
        case .draining(let undrained):
            state = .draining(undrained: max(0, undrained - 1))
            return undrained == 1
        }
    }

    /// A signal wants an end. Whether at once: it is the second, and `insists`.
    ///
    /// Once another process serves, SIGTERM does not insist: systemd sends it to all that is left of a service, and again
    /// when the main process has ended. The drain has its deadline all the same.
    mutating func ordered(insists: Bool) -> Bool {
        defer { isOrdered = true }
        return isOrdered && insists
    }
}
