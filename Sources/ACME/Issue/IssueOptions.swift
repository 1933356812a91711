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

    /// What an authority is told of the account that it is to make (RFC 8555, 7.3). Nil where it wants accounts bound to one
    /// of its operator's, and there is none.
    func account(of directory: Directory, key: PrivateKey) -> JSONNode? {
        var members: [JSONNode.Member] = [.init(name: "termsOfServiceAgreed", value: .flag(true))]
        if let email {
            members.append(.init(name: "contact", value: .list([.text("mailto:\(email)")])))
        }
        if let externalAccount {
            let binding = SignedMessage.binding(externalAccount, to: key, url: directory.newAccount)
            members.append(.init(name: "externalAccountBinding", value: binding))
        } else if directory.needsExternalAccount {
            return nil
        }
        return .object(members)
    }

    /// What is ordered (RFC 8555, 7.4).
    ///
    /// - Parameter mentionsReplaced: whether the certificate is named that is replaced; not every authority takes that.
    func order(mentionsReplaced: Bool) -> JSONNode {
        let identifiers = names.map { name -> JSONNode in
            .object(["type": .text("dns"), "value": .text(name)])
        }
        var members: [JSONNode.Member] = [.init(name: "identifiers", value: .list(identifiers))]
        if mentionsReplaced, let replaces {
            members.append(.init(name: "replaces", value: .text(replaces)))
        }
        return .object(members)
    }
}
