internal import WebSocketProtocol

/// What goes one way of an exchange, and whether the one at its end takes it.
struct ExchangeFlow: Equatable {
    /// Its source is not read, as too much waits.
    private(set) var isHeld = false
    var watch = StallWatch()

    mutating func hold(at now: UInt64) {
        isHeld = true
        watch.began(at: now)
    }

    mutating func release() {
        isHeld = false
        watch.ended()
    }
}

/// How far an exchange has got: one state for the request and one for its answer.
enum ExchangeState: Equatable {
    enum Request: Equatable {
        /// No backend has it, or has it any longer. `isWhole`: no more of it will come.
        case unsent(isWhole: Bool)
        /// Its body is coming.
        case streaming(ExchangeFlow)
        /// All of it was given to the backend.
        case sent(ExchangeFlow)
    }

    enum Answer: Equatable {
        /// Interim ones may have come.
        case awaited(ExchangeFlow)
        /// - Parameter silence: how long it may say nothing.
        case streaming(ExchangeFlow, silence: UInt64)
        /// All of it was passed on.
        case whole
    }

    /// A side from which something is to come.
    struct Wait {
        /// How long it may say nothing, in nanoseconds; 0 = for ever.
        let limit: UInt64
        /// It isn't read, and so can't be late.
        let isHeld: Bool
        /// What it is when nothing comes.
        let fault: Fault
    }

    case open(Request, Answer)
    case over(isRequestWhole: Bool)
}

extension ExchangeState {
    var phase: Fault.Phase? {
        switch self {
        case .open(.unsent, _): nil
        case .open(_, .streaming), .open(_, .whole), .over: .answer
        case .open(.streaming, .awaited): .body
        case .open(.sent, .awaited): .response
        }
    }

    var takesBody: Bool { if case .open(.streaming, _) = self { true } else { false } }

    var isRequestWhole: Bool {
        switch self {
        case .open(.unsent(let isWhole), _): isWhole
        case .open(.streaming, _): false
        case .open(.sent, _): true
        case .over(let isWhole): isWhole
        }
    }

    var awaitsAnswer: Bool { if case .open(_, .awaited) = self { true } else { false } }

    /// Whose silence counts; nil where a timer of another kind runs.
    func wait(_ limits: ExchangeLimits) -> Wait? {
        switch self {
        // An answer may wait for the rest of its request.
        case .open(.streaming(let asked), .streaming(let flow, let silence)):
            Wait(limit: silence, isHeld: flow.isHeld || asked.isHeld, fault: Fault(.answerStalls))
        case .open(.sent, .streaming(let flow, let silence)),
            .open(.unsent, .streaming(let flow, let silence)):
            Wait(limit: silence, isHeld: flow.isHeld, fault: Fault(.answerStalls))
        case .open(.streaming(let flow), .awaited):
            Wait(limit: limits.requestSilence, isHeld: flow.isHeld, fault: Fault(.slowBody))
        case .open(.sent, .awaited), .open(.unsent, .awaited), .open(_, .whole), .over: nil
        }
    }
}
