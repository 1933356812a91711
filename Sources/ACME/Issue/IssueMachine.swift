internal import Access

/// The way from a name to a certificate (RFC 8555, 7.4): account, order, proofs, signature, download. It does nothing by
/// itself: each call tells what has happened and returns what is to be done next, one thing at a time.
///
/// Nothing that an authority says makes it go on for ever: requests and waiting have limits.
package struct IssueMachine: Sendable {
    /// What is to be done.
    package enum Step: Equatable, Sendable {
        /// Then `received`, or `exchangeFailed`.
        case send(AuthorityRequest)
        /// Then `presented`, or `presentationFailed`.
        case present(ChallengeTask)
        /// Then `withdrawn`.
        case withdraw(ChallengeTask)
        /// Milliseconds; then `waitOver`.
        case wait(Duration)
        /// The chain in PEM form, unchecked.
        case issued([UInt8])
        case failed(ACMEError)
    }

    private enum Phase: Equatable {
        case directory, account, order
        case authorization(Int)
        case presenting(String)
        case challenge
        case verifying
        case finalizing, polling, download, withdrawing, over
    }

    private static let mostRequests = 1000

    /// With the account's URL, once it is known.
    package private(set) var link: AuthorityLink
    private let options: IssueOptions
    private var phase = Phase.directory
    private var order: Order?
    private var orderURL = ""
    private var task: ChallengeTask?
    private var authorization = 0
    private var failure: ACMEError?
    private var requests = 0
    private var pace = PollPace()
    private var hasForgotten = false
    private var mentionsReplaced: Bool

    /// Nothing happens before `begin`.
    package init(_ options: IssueOptions, over link: AuthorityLink) {
        self.options = options
        self.link = link
        mentionsReplaced = options.replaces != nil
    }

    /// What is being done, in a word or two.
    package var words: String {
        switch phase {
        case .directory: "directory"
        case .account: "account"
        case .order: "order"
        case .authorization: "authorization"
        case .presenting, .challenge: "challenge"
        case .verifying, .withdrawing: "verification"
        case .finalizing, .polling: "signature"
        case .download: "download"
        case .over: "over"
        }
    }

    /// The first step.
    package mutating func begin() -> Step { call(.directory, .directory) }

    /// An answer has come.
    package mutating func received(_ response: AuthorityResponse) -> Step { follow(link.received(response)) }

    /// None will.
    package mutating func exchangeFailed(_ reason: String) -> Step { fail(.unreachable(reason)) }

    /// The proof can be seen: the authority may look.
    package mutating func presented() -> Step {
        guard case .presenting(let url) = phase else { return fail(.own("out of order")) }
        return call(.post(url, .object([])), .challenge)
    }

    /// The proof can't be shown.
    package mutating func presentationFailed(_ reason: String) -> Step { fail(.presentation(reason)) }

    /// The proof is gone.
    package mutating func withdrawn() -> Step {
        if let failure { return end(.failed(failure)) }
        authorization += 1
        return nextAuthorization()
    }

    /// The time is over.
    package mutating func waitOver() -> Step {
        switch phase {
        case .verifying: look()
        case .polling: call(.post(orderURL, nil), .polling)
        default: fail(.own("out of order"))
        }
    }

    // MARK: What comes of answers

    private mutating func call(_ call: AuthorityLink.Call, _ phase: Phase) -> Step {
        self.phase = phase
        return follow(link.begin(call))
    }

    private mutating func follow(_ result: AuthorityLink.OnResponse) -> Step {
        switch result {
        case .send(let request):
            requests += 1
            guard requests <= Self.mostRequests else { return fail(.timeout("too many requests")) }
            return .send(request)
        case .failed(let error): return refused(error)
        case .answered(let response):
            do throws(ACMEError) { return try took(response) } catch { return fail(error) }
        }
    }

    private mutating func refused(_ error: ACMEError) -> Step {
        guard case .problem(let problem) = error else { return fail(error) }
        switch (problem.name, phase) {
        case ("accountDoesNotExist", .order) where !hasForgotten:
            // The authority has lost it, or was replaced by another at the same address.
            hasForgotten = true
            link.account = nil
            return enter()
        case ("alreadyReplaced", .order) where mentionsReplaced, ("malformed", .order) where mentionsReplaced:
            mentionsReplaced = false
            return placeOrder()
        default: return fail(error)
        }
    }

    private mutating func took(_ response: AuthorityResponse) throws(ACMEError) -> Step {
        switch phase {
        case .directory: return enter()
        case .account:
            guard let url = response.location, isVisible(url) else {
                throw .malformed("an account without Location")
            }
            link.account = url
            return placeOrder()
        case .order:
            guard let url = response.location, isVisible(url) else {
                throw .malformed("an order without Location")
            }
            orderURL = url
            return try tookOrder(response)
        case .authorization(let index): return try tookAuthorization(response, index)
        case .challenge: return pause(for: response, in: .verifying)
        case .verifying: return try verified(response)
        case .finalizing, .polling: return try tookOrder(response)
        case .download: return end(.issued(response.body))
        case .presenting, .withdrawing, .over: throw .own("out of order")
        }
    }

    // MARK: Account and order

    private mutating func enter() -> Step {
        guard link.account == nil, let directory = link.directory else { return placeOrder() }
        guard let account = options.account(of: directory, key: link.key) else {
            return fail(.own("the authority wants accounts bound to one of its own: 'acme.external_account'"))
        }
        return call(.introduce(directory.newAccount, account), .account)
    }

    private mutating func placeOrder() -> Step {
        guard let directory = link.directory else { return fail(.own("out of order")) }
        if directory.renewalInfo == nil { mentionsReplaced = false }
        return call(.post(directory.newOrder, options.order(mentionsReplaced: mentionsReplaced)), .order)
    }

    private mutating func tookOrder(_ response: AuthorityResponse) throws(ACMEError) -> Step {
        let order = try Order(parsing: response.body)
        let isNew = self.order == nil
        self.order = order
        if isNew {
            guard order.authorizations.count <= 2 * options.names.count else {
                throw .malformed(
                    "\(order.authorizations.count) authorizations for \(options.names.count) names")
            }
        }
        switch (order.status, phase) {
        case (.pending, .order): return nextAuthorization()
        case (.ready, .order): return finalize()
        // Not seen to be valid yet by that part of the authority (RFC 8555, 7.4).
        case (.pending, _), (.processing, _), (.ready, _): return pause(for: response, in: .polling)
        case (.valid, _):
            guard let url = order.certificate else { throw .malformed("a valid order without certificate") }
            return call(.download(url), .download)
        case (.invalid, _):
            throw .problem(
                order.problem ?? Problem(status: 200, name: "invalidOrder", detail: "the order is invalid"))
        }
    }

    private mutating func finalize() -> Step {
        guard let order else { return fail(.own("out of order")) }
        pace.begin()
        return call(
            .post(order.finalize, .object(["csr": .text(Base64URL.encode(options.request))])), .finalizing)
    }

    // MARK: Proofs

    private mutating func nextAuthorization() -> Step {
        guard let order else { return fail(.own("out of order")) }
        guard authorization < order.authorizations.count else { return finalize() }
        return call(.post(order.authorizations[authorization], nil), .authorization(authorization))
    }

    private mutating func tookAuthorization(
        _ response: AuthorityResponse, _ index: Int
    ) throws(ACMEError) -> Step {
        let found = try Authorization(parsing: response.body)
        guard options.names.contains(found.isWildcard ? "*.\(found.name)" : found.name) else {
            throw .malformed(
                "an authorization for '\(Problem.clean(found.name, most: 100))', which was not asked for")
        }
        switch found.status {
        case .valid:
            authorization = index + 1
            return nextAuthorization()
        case .pending:
            let (kind, challenge) = try found.choose(options.challenges)
            let task = ChallengeTask(
                kind: kind, name: found.name, token: challenge.token,
                keyAuthorization: "\(challenge.token).\(link.key.thumbprint)")
            self.task = task
            pace.begin()
            phase = .presenting(challenge.url)
            return .present(task)
        case .invalid, .deactivated, .expired, .revoked: throw unverified(found)
        }
    }

    private func unverified(_ found: Authorization) -> ACMEError {
        .validation(
            name: found.name, challenge: task?.kind.rawValue ?? "an earlier proof",
            reason: found.problem?.detail ?? "the authorization is \(found.status.rawValue)")
    }

    private mutating func look() -> Step {
        guard let order, authorization < order.authorizations.count else { return fail(.own("out of order")) }
        return call(.post(order.authorizations[authorization], nil), .verifying)
    }

    private mutating func verified(_ response: AuthorityResponse) throws(ACMEError) -> Step {
        let found = try Authorization(parsing: response.body)
        switch found.status {
        case .pending: return pause(for: response, in: .verifying)
        case .valid: return withdraw()
        case .invalid, .deactivated, .expired, .revoked: throw unverified(found)
        }
    }

    private mutating func withdraw() -> Step {
        guard let task else { return fail(.own("out of order")) }
        self.task = nil
        phase = .withdrawing
        return .withdraw(task)
    }

    // MARK: Waiting and ending

    private mutating func pause(for response: AuthorityResponse, in phase: Phase) -> Step {
        self.phase = phase
        guard let time = pace.next(retryAfter: response.retryAfter) else { return fail(.timeout(words)) }
        return .wait(time)
    }

    /// A proof that still stands is taken back first.
    private mutating func fail(_ error: ACMEError) -> Step {
        guard phase != .over else { return .failed(error) }
        if failure == nil { failure = error }
        guard let task else { return end(.failed(failure ?? error)) }
        self.task = nil
        phase = .withdrawing
        return .withdraw(task)
    }

    private mutating func end(_ step: Step) -> Step {
        phase = .over
        return step
    }
}
