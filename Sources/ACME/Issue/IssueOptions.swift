internal import Access

/// What is to be issued, and how.
package struct IssueOptions: Sendable {
    /// Host names, wildcards among them.
    package let names: [String]
    /// In the order in which they are tried.
    package let challenges: [ChallengeKind]
    /// In DER form, for the same names.
    package let request: [UInt8]
    /// Where the authority may write to; nil = nowhere.
    package let email: String?
    /// Of the authority's operator.
    package let externalAccount: ExternalAccount?
    /// The certificate that is replaced (RFC 9773, 5), by its renewal information's name.
    package let replaces: String?

    /// Options from their parts.
    package init(
        names: [String], challenges: [ChallengeKind], request: [UInt8], email: String? = nil,
        externalAccount: ExternalAccount? = nil, replaces: String? = nil
    ) {
        self.names = names
        self.challenges = challenges
        self.request = request
        self.email = email
        self.externalAccount = externalAccount
        self.replaces = replaces
    }
}
