/// Somebody else who is asked about each request.
struct AuthorityPolicy: Sendable {
    /// What becomes of a session whose authority doesn't answer.
    enum OnFailure: Equatable, Sendable {
        case refuse
        /// As if it had said yes.
        case allow
    }

    let upstream: String
    let path: String
    /// nil = the request's own.
    let method: String?
    /// Fields of its answer that the backend gets, and never from the client.
    let pass: [String]
    /// Until its answer.
    let timeout: Duration
    /// How long its answer holds for the same question; 0 = it is asked each time.
    let cache: Duration
    /// How often it is asked about a session that goes on; 0 = never.
    let recheck: Duration
    let onFailure: OnFailure
    /// Checks in a row that may fail before a session is closed.
    let failures: Int
    let code: UInt16
}
