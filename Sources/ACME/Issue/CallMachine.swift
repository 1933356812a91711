internal import Access

/// What is asked of an authority in one call, once its directory is known.
package enum AuthorityOrder: Sendable {
    /// The certificate in DER form (RFC 8555, 7.6), for a reason of RFC 5280, 5.3.1.
    case revoke(certificate: [UInt8], reason: Int)
    /// The account gets this key in place of its own (7.3.5).
    case changeKey(to: PrivateKey)
    /// The URL of the key's account, as `location`; none is made where there is none (7.3.1).
    case findAccount
    /// When a certificate had best be replaced (RFC 9773), by its name there.
    case renewalInformation(String)
}

/// One order to an authority, as steps.
package struct CallMachine: Sendable {
    /// What is to be done.
    package enum Step: Equatable, Sendable {
        /// Then `received`, or `exchangeFailed`.
        case send(AuthorityRequest)
        /// The authority has answered the order.
        case done(AuthorityResponse)
        /// The authority has no such thing.
        case notOffered
        /// Nothing more follows.
        case failed(ACMEError)
    }

    private var link: AuthorityLink
    private let order: AuthorityOrder
    private var hasDirectory = false

    /// Nothing happens before `begin`.
    package init(_ order: AuthorityOrder, over link: AuthorityLink) {
        self.order = order
        self.link = link
    }

    /// The first step.
    package mutating func begin() -> Step { follow(link.begin(.directory)) }

    /// An answer has come.
    package mutating func received(_ response: AuthorityResponse) -> Step { follow(link.received(response)) }

    /// None will.
    package func exchangeFailed(_ reason: String) -> Step { .failed(.unreachable(reason)) }

    private mutating func follow(_ result: AuthorityLink.OnResponse) -> Step {
        switch result {
        case .send(let request): return .send(request)
        case .failed(let error): return .failed(error)
        case .answered(let response):
            guard !hasDirectory else { return .done(response) }
            hasDirectory = true
            return ask()
        }
    }

    private mutating func ask() -> Step {
        guard let directory = link.directory else { return .failed(.own("out of order")) }
        switch order {
        case .revoke(let certificate, let reason):
            guard let url = directory.revokeCert else { return .notOffered }
            let payload = JSONNode.object([
                "certificate": .text(Base64URL.encode(certificate)), "reason": .number(Double(reason)),
            ])
            return follow(link.begin(.post(url, payload)))
        case .renewalInformation(let name):
            guard let url = directory.renewalInfo else { return .notOffered }
            return follow(link.begin(.get(url.hasSuffix("/") ? url + name : "\(url)/\(name)")))
        case .findAccount:
            return follow(
                link.begin(.introduce(directory.newAccount, .object(["onlyReturnExisting": .flag(true)]))))
        case .changeKey(let key):
            guard let url = directory.keyChange, let account = link.account else { return .notOffered }
            let wish = JSONNode.object(["account": .text(account), "oldKey": link.key.jwk])
            do throws(ACMEError) {
                let inner = try SignedMessage.make(wish, to: url, nonce: nil, by: .key(key))
                return follow(link.begin(.post(url, inner)))
            } catch {
                return .failed(error)
            }
        }
    }
}
