internal import Configuration
internal import HTTPProtocol

/// Whether a plain request or its response stands still, and whose doing that is. Times are nanoseconds. Pure.
///
/// One clock for both: whatever moves in either direction begins it anew. A side that we don't read can't be late.
struct ExchangeClock: Equatable {
    enum Verdict: Equatable {
        /// Nothing is awaited.
        case idle
        /// To be looked at again after so long.
        case wait(UInt64)
        /// The client has stopped in the middle of the request's body.
        case requestStands
        /// The backend has stopped in the middle of the response.
        case responseStands
    }

    /// Silence within the request's body, and within the response; 0 = without end.
    private let requestLimit: UInt64
    private var responseLimit: UInt64
    private var lastMoved: UInt64 = 0
    /// More of the request's body is to come.
    private var awaitsBody = false
    private var hasAnswer = false
    /// The client is not read because the backend is full, or the other way round.
    private var isClientHeld = false
    private var isBackendHeld = false

    init(request: UInt64, response: UInt64) {
        requestLimit = request
        responseLimit = response
    }

    /// Part of the request's body, or of the response, came.
    mutating func moved(at now: UInt64) { lastMoved = now }

    mutating func wantsBody(at now: UInt64) { (awaitsBody, lastMoved) = (true, now) }
    mutating func bodyEnded() { awaitsBody = false }

    /// - Parameter isEndless: it may be silent for as long as it likes.
    mutating func answerBegan(isEndless: Bool, at now: UInt64) {
        (hasAnswer, lastMoved) = (true, now)
        if isEndless { responseLimit = 0 }
    }

    mutating func holdsClient(_ isHeld: Bool, at now: UInt64) { (isClientHeld, lastMoved) = (isHeld, now) }
    mutating func holdsBackend(_ isHeld: Bool, at now: UInt64) { (isBackendHeld, lastMoved) = (isHeld, now) }

    /// Once an answer has begun it is what counts: a client that says no more hears it to its end.
    func check(at now: UInt64) -> Verdict {
        let limit = hasAnswer ? responseLimit : awaitsBody ? requestLimit : 0
        guard limit > 0 else { return .idle }
        // A response may wait for the rest of its request.
        let isHeld = hasAnswer ? isBackendHeld || (awaitsBody && isClientHeld) : isClientHeld
        guard !isHeld else { return .wait(limit) }
        let silence = now - min(lastMoved, now)
        guard silence >= limit else { return .wait(limit - silence) }
        return hasAnswer ? .responseStands : .requestStands
    }
}

extension ExchangeClock {
    init(_ timeouts: Route.Timeouts) {
        self.init(request: timeouts.requestBody, response: timeouts.responseBody)
    }
}

extension Route.Timeouts {
    /// Whether an answer may be silent for as long as it likes: an event stream, unless the operator has said otherwise.
    func isEndless(_ head: ResponseHead) -> Bool {
        guard !boundsEventStreams, let type = head.fields.first("content-type") else { return false }
        let name = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return name.lowercased() == "text/event-stream"
    }
}
