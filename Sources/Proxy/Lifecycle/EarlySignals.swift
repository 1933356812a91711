internal import EventLoop

/// What is to be done about a signal.
enum OnSignal: Equatable {
    case act
    /// Nothing is served yet, so nothing is to be drained.
    case end
    /// It comes again when all workers run.
    case wait
}

/// Signals that come before all workers run. Only those workers could be told that run already: an end would wait for
/// nobody, and a new configuration would reach some. Pure.
struct EarlySignals {
    private var isServing = false
    private var waiting: [ProcessSignal] = []

    mutating func received(_ signal: ProcessSignal) -> OnSignal {
        guard !isServing else { return .act }
        switch signal {
        case .terminate, .interrupt: return .end
        case .hangUp, .userOne, .userTwo:
            // A second one of a kind would find nothing new to do.
            if !waiting.contains(signal) { waiting.append(signal) }
            return .wait
        }
    }

    /// All workers run. What is to be done now, in the order in which it came.
    mutating func serves() -> [ProcessSignal] {
        isServing = true
        defer { waiting = [] }
        return waiting
    }
}
