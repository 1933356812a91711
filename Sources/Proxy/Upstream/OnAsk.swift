/// What is done next for a request that is being asked, in this order: what is said of the backend, what is given back,
/// what is armed, the step.
struct OnAsk: Equatable {
    enum Step: Equatable {
        /// Nothing before the next event.
        case wait
        /// A backend is chosen, none of those tried. `isRetry`: it must be worth one of the upstream's retries.
        case choose(isRetry: Bool)
        /// A place is taken with the one that was chosen.
        case take
        /// The queue is joined.
        case queue
        case connect(AskMachine.Way)
        /// The request is sent.
        case ask
        /// Nobody is asked any longer, and that is why.
        case end(Fault)
    }

    /// What a failure says of the backend that was asked.
    enum Verdict: Equatable {
        case suspected(Fault)
        /// The request goes to another one.
        case retried(Fault)
    }

    var verdict: Verdict?
    var returns: AskLoans = []
    var arms: AskLoans = []
    var step = Step.wait
}

/// What was lent to a request that is being asked, and is to be given back once.
struct AskLoans: OptionSet, Equatable {
    let rawValue: UInt8
    /// A place among the backend's handshakes.
    static let place = AskLoans(rawValue: 1)
    /// A number in the queue for such a place.
    static let queueNumber = AskLoans(rawValue: 2)
    /// A connection that is being made, or the one on which was asked.
    static let connection = AskLoans(rawValue: 4)
    /// The deadline of the queue.
    static let queueDeadline = AskLoans(rawValue: 8)
    /// The deadline of the answer.
    static let answerDeadline = AskLoans(rawValue: 16)
}
