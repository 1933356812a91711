/// That some no longer may come in, though their tokens are good: all that it names must be so of who asks.
package struct Revocation: Equatable, Hashable, Sendable {
    /// Bytes of a subject or a token's id that can be revoked.
    package static let mostBytes = 512

    /// nil = whoever it is.
    package let subject: String?
    /// nil = whatever token it is.
    package let tokenID: String?
    /// Seconds since 1970; nil = whenever it was issued.
    package let issuedBefore: Double?

    /// nil where nothing is named, or something that is too long.
    package init?(subject: String? = nil, tokenID: String? = nil, issuedBefore: Double? = nil) {
        guard subject != nil || tokenID != nil || issuedBefore != nil,
            subject?.utf8.count ?? 0 <= Self.mostBytes, tokenID?.utf8.count ?? 0 <= Self.mostBytes,
            issuedBefore?.isFinite ?? true
        else { return nil }
        self.subject = subject
        self.tokenID = tokenID
        self.issuedBefore = issuedBefore
    }

    /// Of what it names.
    var nameBytes: Int { (subject?.utf8.count ?? 0) + (tokenID?.utf8.count ?? 0) }

    /// Whether it is meant. A token that doesn't say when it was issued was issued before; who has none is not known by
    /// one.
    package func covers(_ bearer: Bearer) -> Bool {
        if let subject, bearer.subject != subject { return false }
        if let tokenID, bearer.tokenID != tokenID { return false }
        guard let issuedBefore else { return true }
        guard bearer.hasToken else { return subject != nil }
        return bearer.issuedAt.map { $0 < issuedBefore } ?? true
    }
}

extension Revocation: CustomStringConvertible {
    /// For the log.
    package var description: String {
        let given = [
            subject.map { "subject=\($0)" }, tokenID.map { "token_id=\($0)" },
            issuedBefore.map { "issued_before=\($0)" },
        ]
        return given.compactMap(\.self).joined(separator: " ")
    }
}
