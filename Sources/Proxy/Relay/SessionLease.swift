internal import Access
internal import Durations
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// Keeps a session to what let it in: tells the client before its token expires, takes a new one, asks the authority again,
/// and closes the session when its time is over. Exists only where a route asks for any of that.
///
/// Ends that come together are spread over a part of the second in which they are due.
final class SessionLease: TimerTarget {
    private enum Timer: UInt8 { case end, warning, recheck }

    /// In nanoseconds.
    private static let second = 1_000_000_000.0
    /// The wall clock may be set: it is looked at again after so many seconds.
    private static let longestSleep = 60.0
    /// Ends are spread over so long.
    private static let spread = Duration.milliseconds(500).nanoseconds
    /// A warning that can't be put between messages now is tried again after so long.
    private static let patience = Duration.milliseconds(50).nanoseconds
    /// Tokens a second from one client.
    private static let mostRenewals = 5

    private unowned let worker: AccessContext
    private weak var session: LiveSession?
    private var term: SessionTerm?
    private var inquiry: AuthorityInquiry?
    private let policy: ExpiryPolicy?
    private let jitter: UInt64
    /// Each costs the check of a signature: what a client sends beyond it is not looked at.
    private var renewals = RateLimit(perSecond: SessionLease.mostRenewals)
    private var timers: [UInt8: TimerToken] = [:]
    private var isWarned = false
    private var failures = 0
    private var call: UpstreamCall?
    /// Of the head that is kept to ask again.
    private var headCharge: MemoryCharge?
    /// Looks for messages with a new token; nil = none are taken.
    var watch: PrefixWatch?

    /// nil where nothing is to be watched.
    static func of(_ admission: Admission?, on worker: AccessContext) -> SessionLease? {
        guard let admission, admission.term?.isBounded == true || admission.inquiry != nil else { return nil }
        return SessionLease(admission, on: worker)
    }

    private init(_ admission: Admission, on worker: AccessContext) {
        self.worker = worker
        term = admission.term?.isBounded == true ? admission.term : nil
        inquiry = admission.inquiry
        policy = term?.policy.expiry
        jitter = UInt64.random(in: 0..<Self.spread, using: &worker.loop.random)
        watch = policy?.renewalPrefix.map { PrefixWatch(prefix: Array($0.utf8)) }
    }

    func begin(_ session: LiveSession) {
        self.session = session
        if let inquiry {
            headCharge = MemoryCharge(to: session.client.transport.account)
            headCharge?.set(inquiry.plan.head.keptBytes)
        }
        schedule()
        scheduleRecheck()
    }

    /// The session is over.
    func end() {
        for timer in timers.values { worker.loop.cancel(timer) }
        timers = [:]
        call?.cancel()
        call = nil
        headCharge = nil
        session = nil
    }

    private func arm(_ timer: Timer, _ delay: UInt64) {
        worker.loop.cancel(timers[timer.rawValue])
        timers[timer.rawValue] = worker.loop.schedule(self, kind: timer.rawValue, after: max(delay, 1))
    }

    private func disarm(_ timer: Timer) {
        worker.loop.cancel(timers.removeValue(forKey: timer.rawValue))
    }

    func timerFired(_ kind: UInt8) {
        timers[kind] = nil
        switch Timer(rawValue: kind) {
        case .end: lookForEnd()
        case .warning: warn()
        case .recheck: recheck()
        case nil: break
        }
    }

    // MARK: The token's end

    private func schedule() {
        guard let policy, let end = term?.end else {
            disarm(.end)
            return disarm(.warning)
        }
        let left = end - ProcessFacts.wallClock()
        arm(.end, left > Self.longestSleep ? nanoseconds(Self.longestSleep) : nanoseconds(left) &+ jitter)
        guard policy.warning > .zero, !isWarned else { return disarm(.warning) }
        let before = left - policy.warning.inSeconds
        if before < Self.longestSleep { arm(.warning, nanoseconds(before)) }
    }

    private func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(max(seconds, 0) * Self.second) }

    private func lookForEnd() {
        guard let policy, let end = term?.end else { return }
        guard end <= ProcessFacts.wallClock() else { return schedule() }
        worker.metrics.add(.accessEndings, ["expired"])
        close(AccessEnd(cause: .expired, code: policy.code))
    }

    private func warn() {
        guard let policy, let session, !isWarned else { return }
        guard session.say(Array(policy.warningText.utf8), isText: true) else {
            return arm(.warning, Self.patience)
        }
        isWarned = true
        worker.metrics.add(.accessWarnings, [])
    }

    private func close(_ end: AccessEnd) { session?.drainSoon(after: 0, because: .access(end)) }

    // MARK: A new token

    /// A message brought a token, whoever sent it; what it said is not passed on.
    func renew(with text: [UInt8]) {
        var rate = renewals
        guard rate.take(1, at: worker.loop.now) == 0 else {
            return worker.metrics.add(.accessRenewals, ["too_many"])
        }
        renewals = rate
        renew(with: text) { [weak self] outcome in
            guard let self, let session, case .refused(let refusal) = outcome else { return }
            worker.log.tell(.renewalRefused(route: session.route.name, cause: refusal.word))
        }
    }

    /// Judges a new token by the rules under which the session came in. `done` may be called at once.
    func renew(with text: [UInt8], _ done: @escaping (OnRenewal) -> Void) {
        let token = String(decoding: text, as: UTF8.self).filter { !$0.isWhitespace }
        renew(token, mayFetch: true, done)
    }

    private func renew(_ token: String, mayFetch: Bool, _ done: @escaping (OnRenewal) -> Void) {
        guard let term, let session else { return done(.noToken) }
        do throws(TokenRefusal) {
            let claims = try term.policy.claims(
                token, wallClock: ProcessFacts.wallClock(), clock: worker.loop.now)
            try take(claims)
            // Who is asked again is asked about this one, and the next backend sees it.
            inquiry = inquiry?.renewed(token)
            session.renewed(token, claims)
            done(.renewed(until: self.term?.end))
        } catch {
            let isWaiting =
                mayFetch
                && term.policy.fetches(after: error, for: session.route, on: worker) { [weak self] in
                    guard let self else { return done(.unknown) }
                    renew(token, mayFetch: false, done)
                }
            guard !isWaiting else { return }
            worker.metrics.add(.accessRenewals, [error.word])
            done(.refused(error))
        }
    }

    private func take(_ claims: Claims) throws(TokenRefusal) {
        let now = ProcessFacts.wallClock()
        var bearer = Bearer(claims)
        bearer.subject = bearer.subject ?? session?.bearer?.bearer.subject
        guard !worker.revocations.covers(bearer, now: now) else { throw .revoked }
        guard term?.renew(claims, now: now) == true else { throw .claims }
        if let expiry = bearer.expiry { worker.tokenLives.note(expiry, bearer.issuedAt) }
        session?.bearer?.bearer = bearer
        isWarned = false
        worker.metrics.add(.accessRenewals, ["renewed"])
        schedule()
    }

    /// A message that began as one with a token was too long for one.
    func renewalTooLong() {
        worker.metrics.add(.accessRenewals, [TokenRefusal.malformed.word])
        if let session {
            worker.log.tell(.renewalRefused(route: session.route.name, cause: "longer than a token may be"))
        }
    }

    // MARK: Asking again

    private func scheduleRecheck() {
        guard let inquiry else { return }
        arm(.recheck, worker.loop.random.jittered(inquiry.policy.recheck, by: 0.1))
    }

    private func recheck() {
        guard let inquiry, call == nil else { return }
        call = UpstreamCall(inquiry.plan, on: worker, within: inquiry.policy.timeout) { [weak self] answer in
            guard let self else { return }
            call = nil
            judge(AuthorityAnswer(answer, inquiry.policy), inquiry.policy)
        }
        call?.start()
    }

    private func judge(_ answer: AuthorityAnswer, _ policy: AuthorityPolicy) {
        switch answer {
        case .yes: failures = 0
        case .no:
            worker.metrics.add(.accessEndings, ["revoked"])
            return close(AccessEnd(cause: .revoked, code: policy.code))
        case .silence:
            failures += 1
            if policy.onFailure == .refuse, failures >= policy.failures {
                worker.metrics.add(.accessEndings, ["unanswered"])
                return close(AccessEnd(cause: .unanswered, code: policy.code))
            }
        }
        scheduleRecheck()
    }
}
