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
    /// Nanoseconds; 0 = off.
    let timeout: UInt64
    let cache: UInt64
    let recheck: UInt64
    let onFailure: OnFailure
    /// Checks in a row that may fail before a session is closed.
    let failures: Int
    let code: UInt16
}
