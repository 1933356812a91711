internal import ASCII

/// A request to an authority, for the shell to send over HTTP.
package struct AuthorityRequest: Equatable, Sendable {
    /// `GET`, `HEAD` or `POST`.
    package let method: String
    /// Absolute.
    package let url: String
    /// Of a POST, `application/jose+json`.
    package var body: [UInt8] = []
    /// What is wanted in return, where it is not JSON.
    package var accept: String?
}

/// What came back, as far as ACME looks at it.
package struct AuthorityResponse: Equatable, Sendable {
    /// Three digits.
    package let status: Int
    /// `Replay-Nonce`.
    package var nonce: String?
    /// `Location`.
    package let location: String?
    /// From `Retry-After`.
    package let retryAfter: Duration?
    /// Bounded by whoever read it.
    package let body: [UInt8]

    /// A response from its parts.
    package init(
        status: Int, nonce: String? = nil, location: String? = nil, retryAfter: Duration? = nil,
        body: [UInt8] = []
    ) {
        self.status = status
        self.nonce = nonce
        self.location = location
        self.retryAfter = retryAfter
        self.body = body
    }
}

/// Where an authority is asked for what (RFC 8555, 7.1.1).
package struct Directory: Equatable, Sendable {
    /// Each an absolute URL.
    package let newNonce, newAccount, newOrder: String
    /// Not every authority offers these.
    package let revokeCert, keyChange, renewalInfo: String?
    /// Accounts must be bound to one that its operator gave out.
    package let needsExternalAccount: Bool
    /// What one agrees to.
    package let terms: String?

    /// - Parameter url: where it was found. Over https it leads nowhere else.
    init(parsing body: [UInt8], from url: String) throws(ACMEError) {
        let node = try JSONNode(parsing: body)
        let scheme = url.hasPrefix("https:") ? "https://" : "http"
        func link(_ name: String) -> String? {
            node[name]?.string.flatMap { $0.hasPrefix(scheme) && isVisible($0) ? $0 : nil }
        }
        guard let newNonce = link("newNonce"), let newAccount = link("newAccount"),
            let newOrder = link("newOrder")
        else { throw .malformed("a directory without newNonce, newAccount and newOrder") }
        self.newNonce = newNonce
        self.newAccount = newAccount
        self.newOrder = newOrder
        revokeCert = link("revokeCert")
        keyChange = link("keyChange")
        renewalInfo = link("renewalInfo")
        needsExternalAccount = node["meta"]?["externalAccountRequired"]?.isTrue ?? false
        terms = node["meta"]?["termsOfService"]?.string
    }
}

/// Whether a text may stand in a request's head.
func isVisible(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 2048 && text.utf8.allSatisfy { $0 > .space && $0 < .delete }
}
