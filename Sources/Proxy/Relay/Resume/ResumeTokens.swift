/// What lets a client come back to its session: the token that it is given, and the one that it came with, which is good
/// until it is known to have the next one. What told it of that may have been lost.
struct ResumeTokens {
    private var next: ResumeToken?
    private var spent: ResumeToken?

    /// It is given this one.
    mutating func gives(_ token: ResumeToken) { next = token }

    /// It has come back with this one.
    mutating func comes(with token: ResumeToken) {
        spent = token
        next = nil
    }

    /// It has what it was given.
    mutating func hasNext() { spent = nil }

    /// Nobody comes back any more.
    mutating func end() { self = ResumeTokens() }

    /// It came back, and nothing shows yet that it has what it was given then.
    var isReturning: Bool { spent != nil }

    /// Whether a client that shows this token is the session's.
    func admits(_ shown: ResumeToken) -> Bool {
        // Both are compared: how long that takes tells nothing.
        let isNext = next == shown
        let isSpent = spent == shown
        return isNext || isSpent
    }
}
