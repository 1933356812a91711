internal import Access

/// How long what let a session in is good for.
struct SessionTerm: Sendable {
    let policy: TokenPolicy
    private(set) var subject: String?
    /// In seconds since 1970; nil = for ever.
    private(set) var end: Double?

    init(policy: TokenPolicy, claims: Claims, now: Double) {
        self.policy = policy
        subject = claims.subject
        end = policy.rules.end(of: claims, now: now)
    }

    /// A new token has come. One of another subject is for another session.
    mutating func renew(_ claims: Claims, now: Double) -> Bool {
        guard Bearer.isSame(subject: claims.subject, subject) else { return false }
        end = policy.rules.end(of: claims, now: now)
        return true
    }

    /// Whether anything has to be watched.
    var isBounded: Bool { policy.expiry != nil && (end != nil || policy.expiry?.renewalPrefix != nil) }
}
