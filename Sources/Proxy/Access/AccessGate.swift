internal import Access
internal import EventLoop
internal import HTTPProtocol

/// Judges one request by its route's rules: password, token, and whoever else is to be asked, in this order. What can be
/// known at once is; nothing that takes time happens on the loop.
final class AccessGate: PendingUpgrade {
    private let question: AccessQuestion
    private let access: RouteAccess
    private let worker: AccessContext
    private var done: ((OnAccess) -> Void)?
    private var admission = Admission()
    private var call: UpstreamCall?

    init(
        _ question: AccessQuestion, _ access: RouteAccess, worker: AccessContext,
        done: @escaping (OnAccess) -> Void
    ) {
        self.question = question
        self.access = access
        self.worker = worker
        self.done = done
    }

    var phase: Fault.Phase { .access }

    /// Decides; `done` may be called at once.
    func start() { checkPassword() }

    func cancel() {
        done = nil
        call?.cancel()
        call = nil
    }

    private func finish(_ outcome: OnAccess) {
        guard case .admitted(let admission) = outcome, let bearer = admission.bearer else {
            done.take()?(outcome)
            return
        }
        guard !worker.revocations.covers(bearer, now: ProcessFacts.wallClock()) else {
            return refuse(.token(.revoked, realm: access.realm))
        }
        if let expiry = bearer.expiry { worker.tokenLives.note(expiry, bearer.issuedAt) }
        done.take()?(outcome)
    }

    private func refuse(_ fault: AccessFault) { finish(.refused(Fault(.access(fault)))) }

    // MARK: Passwords

    private func checkPassword() {
        guard let file = access.passwords else { return checkToken() }
        let wrong = AccessFault.password(realm: access.realm)
        guard let credentials = BasicCredentials(question.head.fields),
            let check = file.value.challenge(credentials)
        else { return refuse(wrong) }
        let isAsked = worker.access.ask(check) { [weak self] isRight in
            guard let self, done != nil else { return }
            guard isRight else { return refuse(wrong) }
            admission.user = credentials.user
            checkToken()
        }
        if !isAsked { refuse(.passwordsBusy) }
    }

    // MARK: Tokens

    /// - Parameter mayFetch: keys that are not there may be had.
    private func checkToken(mayFetch: Bool = true) {
        guard done != nil else { return }
        guard let policy = access.tokens else { return askAuthority() }
        do throws(TokenRefusal) {
            guard let token = try token() else {
                guard policy.allowsAnonymous else { throw .missing }
                return askAuthority()
            }
            let now = ProcessFacts.wallClock()
            let claims = try policy.claims(token, wallClock: now, clock: worker.loop.now)
            admission.claims = claims
            admission.token = token
            admission.term = SessionTerm(policy: policy, claims: claims, now: now)
            askAuthority()
        } catch {
            if mayFetch,
                policy.fetches(
                    after: error, for: question.route, on: worker,
                    { [weak self] in
                        self?.checkToken(mayFetch: false)
                    })
            {
                return
            }
            refuse(.token(error, realm: access.realm))
        }
    }

    private func token() throws(TokenRefusal) -> String? {
        if let taken = question.taken { return taken.token }
        return try BearerToken.of(question.head.fields)
    }

    // MARK: Whoever else is asked

    private func askAuthority() {
        guard let policy = access.authority else { return finish(.admitted(admission)) }
        let inquiry = AuthorityInquiry(policy, question)
        if let known = worker.access.known(inquiry) { return admit(known, inquiry) }
        call = UpstreamCall(inquiry.plan, on: worker, within: policy.timeout) { [weak self] answer in
            guard let self else { return }
            call = nil
            switch AuthorityAnswer(answer, policy) {
            case .yes(let told):
                worker.access.keep(told, of: inquiry)
                admit(told, inquiry)
            case .no(let response): finish(.answered(response.on(question.route)))
            case .silence where policy.onFailure == .allow:
                admit(policy.pass.map { ($0, "") }, inquiry)
            case .silence: refuse(.authority)
            }
        }
        call?.start()
    }

    private func admit(_ told: [(name: String, value: String)], _ inquiry: AuthorityInquiry) {
        admission.told = told
        if inquiry.policy.recheck > .zero { admission.inquiry = inquiry }
        finish(.admitted(admission))
    }
}
