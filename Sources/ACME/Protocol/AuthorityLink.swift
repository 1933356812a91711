internal import Access

/// What every conversation with an authority needs: its directory, nonces, signatures, and a second try where a nonce was
/// not taken (RFC 8555, 6.5). One call at a time; what is to be sent and what has come pass through here.
package struct AuthorityLink: Sendable {
    /// One thing that is asked for.
    enum Call: Equatable {
        /// The directory alone.
        case directory
        /// Unsigned, as renewal information is.
        case get(String)
        /// Signed by the account; nil = POST-as-GET.
        case post(String, JSONNode?)
        /// Signed by the key, which the authority has yet to see.
        case introduce(String, JSONNode)
        /// The chain of a certificate.
        case download(String)
    }

    /// What has become of the call.
    enum OnResponse: Equatable {
        case send(AuthorityRequest)
        case answered(AuthorityResponse)
        case failed(ACMEError)
    }

    /// Nonces are refused by chance at authorities with several machines.
    private static let mostTries = 12

    private let url: String
    /// Whose account it is.
    package private(set) var key: PrivateKey
    /// Known from the first answer on.
    package private(set) var directory: Directory?
    /// The account's URL; nil as long as there is none.
    package var account: String?
    private var nonce: String?
    private var call = Call.directory
    private var awaits = Awaited.directory
    private var tries = 0

    private enum Awaited: Equatable { case directory, nonce, answer }

    /// - Parameters:
    ///   - url: of the directory.
    ///   - account: the URL of the key's account, where it is known.
    package init(directory url: String, key: PrivateKey, account: String? = nil) {
        self.url = url
        self.key = key
        self.account = account
    }

    /// Begins a call.
    mutating func begin(_ call: Call) -> OnResponse {
        self.call = call
        tries = 0
        return next()
    }

    /// Takes the answer to what was sent last.
    mutating func received(_ response: AuthorityResponse) -> OnResponse {
        // A nonce that is none is as good as none (6.5.2).
        if let fresh = response.nonce {
            nonce = isVisible(fresh) && Base64URL.isPlain(fresh) ? fresh : nil
        }
        switch awaits {
        case .directory: return tookDirectory(response)
        case .nonce:
            guard (200..<300).contains(response.status) else { return .failed(problem(response)) }
            guard nonce != nil else { return .failed(.malformed("no nonce where one was asked for")) }
            return next()
        case .answer: return judge(response)
        }
    }

    private mutating func tookDirectory(_ response: AuthorityResponse) -> OnResponse {
        guard response.status == 200 else { return .failed(problem(response)) }
        do throws(ACMEError) {
            directory = try Directory(parsing: response.body, from: url)
        } catch {
            return .failed(error)
        }
        if call == .directory { return .answered(response) }
        return next()
    }

    private mutating func judge(_ response: AuthorityResponse) -> OnResponse {
        if (200..<300).contains(response.status) { return .answered(response) }
        let problem = problem(response)
        guard case .problem(let document) = problem, document.name == "badNonce", tries < Self.mostTries
        else { return .failed(problem) }
        return next()
    }

    private func problem(_ response: AuthorityResponse) -> ACMEError {
        .problem(
            Problem(
                try? JSONNode(parsing: response.body), status: response.status,
                retryAfter: response.retryAfter
            ))
    }

    /// What is to be sent so that the call gets on.
    private mutating func next() -> OnResponse {
        guard let directory else {
            awaits = .directory
            return .send(AuthorityRequest(method: "GET", url: url))
        }
        switch call {
        case .directory: return .answered(AuthorityResponse(status: 200))
        case .get(let target):
            awaits = .answer
            return .send(AuthorityRequest(method: "GET", url: target))
        case .post, .introduce, .download: break
        }
        guard let nonce else {
            awaits = .nonce
            return .send(AuthorityRequest(method: "HEAD", url: directory.newNonce))
        }
        // Good for one message only.
        self.nonce = nil
        tries += 1
        awaits = .answer
        do throws(ACMEError) { return .send(try signed(nonce)) } catch { return .failed(error) }
    }

    private func signed(_ nonce: String) throws(ACMEError) -> AuthorityRequest {
        let (target, payload): (String, JSONNode?)
        var signer = SignedMessage.Signer.key(key)
        var accept: String?
        switch call {
        case .post(let url, let body): (target, payload) = (url, body)
        case .introduce(let url, let body): (target, payload) = (url, body)
        case .download(let url):
            (target, payload) = (url, nil)
            accept = "application/pem-certificate-chain"
        case .directory, .get: throw .own("nothing to sign")
        }
        if case .introduce = call {
        } else {
            guard let account else { throw .own("no account") }
            signer = .account(url: account, key)
        }
        let scheme = url.hasPrefix("https:") ? "https://" : "http"
        guard target.hasPrefix(scheme), isVisible(target) else {
            throw .malformed("'\(Problem.clean(target, most: 200))' is no URL to go to")
        }
        let message = try SignedMessage.make(payload, to: target, nonce: nonce, by: signer)
        return AuthorityRequest(method: "POST", url: target, body: message.encoded, accept: accept)
    }
}
