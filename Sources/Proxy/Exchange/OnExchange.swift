internal import WebSocketProtocol

/// What is done next for a plain request and its answer, in this order: which timers end, which one begins, the step.
struct OnExchange: Equatable {
    enum Step: Equatable {
        /// Nothing before the next event.
        case wait
        /// What has come is passed on.
        case pass
        /// What was composed of the request is sent.
        case flush
        /// The client's side gives the body, beginning with what was kept of it.
        case wantBody
        /// A side is not read any longer, or again.
        case pause(SessionSide)
        case resume(SessionSide)
        case end(ExchangeEnd)
    }

    /// A timer that begins, anew where it runs.
    struct Arm: Equatable {
        let timer: ExchangeTimer
        /// Nanoseconds.
        let delay: UInt64
    }

    var disarms: ExchangeTimers = []
    var arm: Arm?
    var step = Step.wait
}

/// What is waited for while a request and its answer are carried.
enum ExchangeTimer: UInt8, CaseIterable {
    /// The beginning of the answer.
    case answer
    /// More of the request's body, or of the answer.
    case silence
    /// That the client, or the backend, takes what waits for it.
    case client, backend
}

struct ExchangeTimers: OptionSet, Equatable {
    let rawValue: UInt8
    static let answer = ExchangeTimers(.answer)
    static let silence = ExchangeTimers(.silence)
    static let client = ExchangeTimers(.client)
    static let backend = ExchangeTimers(.backend)
    static let all: ExchangeTimers = [.answer, .silence, .client, .backend]

    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ timer: ExchangeTimer) { rawValue = 1 << timer.rawValue }
}
