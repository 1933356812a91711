internal import Routing

// What an ask is told, and tells.
extension AskMachine {
    struct Rules: Equatable {
        /// It becomes a session: it needs a place among the backend's handshakes, and its answer has a deadline here.
        var isUpgrade: Bool
        /// It may be done twice (RFC 9110, 9.2.2).
        var isRepeatable: Bool
        /// How often, and for how long, others are asked.
        var allowance: RetryAllowance
        /// Whether the wait in the queue has a deadline.
        var boundsQueue = false
        /// The same of the wait for an answer.
        var boundsAnswer = false
    }

    /// How a connection may be come by; a new one always will do.
    struct Way: Equatable {
        /// A place on one that others use too. Not where the backend wants HTTP/1.1.
        var takesShared = true
        /// One that lies idle. It may have died unnoticed; a second one would be as dead as the first.
        var takesIdle = true
    }

    /// What was come by.
    enum Connection: Equatable {
        case shared, idle, new
    }

    enum Choice: Equatable {
        case nobody
        case backend
        /// All that could be asked have no room.
        case full
    }

    /// What came of joining the queue.
    enum QueueEntry: Equatable {
        /// A place came free in that moment.
        case entered
        case waiting
        case full

        /// What it brought.
        var loan: AskLoans {
            switch self {
            case .entered: .place
            case .waiting: .queueNumber
            case .full: []
            }
        }
    }
}
