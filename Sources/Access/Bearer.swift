/// Who a session or request is of, as far as what let it in says so.
package struct Bearer: Equatable, Sendable {
    /// `sub` of a token, or the name that came with a password, or what an authority said.
    package var subject: String?
    /// `jti` of a token.
    package var tokenID: String?
    /// `iat` of a token, in seconds since 1970.
    package var issuedAt: Double?
    /// `exp` of a token, the same.
    package var expiry: Double?
    /// Whether a token said so.
    package private(set) var hasToken: Bool

    /// Whether two subjects are one: by bytes, since to `==` texts are the same that look the same.
    package static func isSame(subject one: String?, _ other: String?) -> Bool {
        guard let one, let other else { return one == nil && other == nil }
        return one.utf8.elementsEqual(other.utf8)
    }

    /// Whoever a subject is, without a token.
    package init(subject: String?) {
        self.subject = subject
        hasToken = false
    }

    /// Whoever bears a token with these claims.
    package init(_ claims: Claims) {
        subject = claims.subject
        tokenID = claims.tokenID
        issuedAt = claims.issuedAt
        expiry = claims.expiry
        hasToken = true
    }

    /// From its parts.
    package init(
        subject: String?, tokenID: String?, issuedAt: Double?, expiry: Double? = nil, hasToken: Bool = true
    ) {
        self.subject = subject
        self.tokenID = tokenID
        self.issuedAt = issuedAt
        self.expiry = expiry
        self.hasToken = hasToken
    }
}
