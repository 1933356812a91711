internal import Access
internal import HTTPProtocol

/// What is known of a plain request that will be carried to a backend.
struct RequestPlan {
    let route: Route
    let upstream: String
    var head: RequestHead
    /// What the backend is asked for: the head's target, rewritten.
    let target: RequestTarget
    let framing: BodyFraming
    var forwarding: Forwarding
    let host: String
    /// The token that was taken out of the request.
    var taken: TakenToken?
    /// What changes of the answer's head.
    var responseEdits: FieldEdits?

    var path: String { head.target.text }

    /// The request for a backend of this upstream.
    func request() -> RequestHead {
        head.forwarded(
            target: target, forwarding: forwarding, framing: framing, fallbackHost: upstream)
    }
}

/// The client's side of an exchange.
protocol ExchangeClient: AnyObject {
    /// A backend is there: the body is wanted, beginning with what was kept of it.
    func exchangeWantsBody()
    /// The backend takes no more for the moment, or takes again.
    func exchangeBodyPaused(_ isPaused: Bool)
    func exchangeEnded(_ end: ExchangeEnd)
}
