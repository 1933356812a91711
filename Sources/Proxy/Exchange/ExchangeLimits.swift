internal import Configuration
internal import Durations
internal import HTTPProtocol

/// What bounds a request and its answer. Its machine counts nanoseconds; 0 = without limit.
struct ExchangeLimits: Equatable {
    /// Of the request's body, in bytes.
    var bodyBytes = 0
    /// Silence within the request's body.
    private(set) var requestSilence: UInt64 = 0
    /// The same within the answer's.
    private(set) var answerSilence: UInt64 = 0
    /// Until the answer begins.
    private(set) var answer: UInt64 = 0
    /// How long a side may take nothing of what waits for it.
    private(set) var slowConsumer: UInt64 = 0
}

extension ExchangeLimits {
    /// - Parameter answer: until an answer begins.
    init(_ route: Route, answer: Duration) {
        bodyBytes = route.limits.requestBody
        requestSilence = route.timeouts.requestBody.nanoseconds
        answerSilence = route.timeouts.responseBody.nanoseconds
        slowConsumer = route.timeouts.slowConsumer.nanoseconds
        self.answer = answer.nanoseconds
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
