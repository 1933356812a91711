internal import Access

/// What became of a new token for a session.
enum OnRenewal: Sendable {
    /// It is good until then, in seconds since 1970; nil = for ever.
    case renewed(until: Double?)
    /// With the reason in one word.
    case refused(TokenRefusal)
    /// The session lives by no token.
    case noToken
    case unknown
}
