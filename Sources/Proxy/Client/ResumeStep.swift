internal import Access
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

// What becomes of clients that come back to their session.
extension RequestServer {
    /// Gives the client its session. What is to be done otherwise: the plan of a fresh one, or nothing.
    func resumes(_ asked: UpgradePlan) -> UpgradePlan? {
        guard let request = asked.resume, let claim = request.claim else { return asked }
        let found = worker.find(claim, for: asked)
        switch found {
        case .resumes(let resume, let first, let close):
            takeUp(resume, asked) { peer, early in
                resume.join(peer, from: address, early: early, first: first, then: close)
            }
            return nil
        case .gaveUp(let resume, let payload):
            takeUp(resume, asked) { peer, _ in resume.join(peer, from: address, givenUp: payload) }
            return nil
        case .refused(let found):
            let refusal = passedBack ?? found
            guard claim.isOnly || !passBack(refusal) else { return nil }
            worker.log.tell(
                ResumeEvent.refused(client: address, route: asked.route.name, refusal.rawValue))
            worker.metrics.add(.resumeFailures, [asked.route.name, refusal.label])
            guard !claim.isOnly else {
                refuseResuming(asked, refusal)
                return nil
            }
            var plan = asked
            plan.resume?.claim = nil
            plan.resume?.refusal = refusal
            return plan
        }
    }

    /// Answers that the WebSocket is open, and joins the connection to its session. Its place on the route it has already.
    private func takeUp(
        _ resume: Resume, _ plan: UpgradePlan, _ join: (_ peer: WebSocketPeer, _ early: [UInt8]) -> Void
    ) {
        let chosen = resume.subprotocol.flatMap { plan.upgrade.subprotocols.names.contains($0) ? $0 : nil }
        let accepted = AcceptedUpgrade(subprotocol: chosen)
        record = nil
        let worker = worker
        var plan = plan
        plan.keyed = resume.keyed
        begin(plan, accepted) { transport, early, _ in
            join(SessionAssembly(plan: plan, accepted: accepted, worker: worker).clientSide(transport), early)
            if plan.admission != nil { resume.session?.relet(plan) }
        }
    }

    /// It wanted its session or none.
    private func refuseResuming(_ plan: UpgradePlan, _ refusal: ResumeRefusal) {
        let accepted = AcceptedUpgrade(subprotocol: nil)
        record = nil
        let (worker, address) = (worker, address)
        begin(plan, accepted) { transport, _, onEnd in
            let assembly = SessionAssembly(plan: plan, accepted: accepted, worker: worker)
            let session = LiveSession(
                client: assembly.clientSide(transport), backend: nil, route: plan.route,
                facts: assembly.facts(client: address, backend: ""), worker: worker, onEnd: onEnd)
            worker.begin(session)
            session.client.send(message: ResumeWords.refusing(refusal), isText: true)
            session.close(
                ClosePayload(.policyViolation, refusal.rawValue), by: .proxy, cause: .nothingToResume)
            session.client.transport.finish()
        }
    }
}

/// What a client finds that comes back.
enum OnResumeClaim {
    case resumes(Resume, first: UInt64, then: ClosePayload?)
    case gaveUp(Resume, ClosePayload)
    case refused(ResumeRefusal)
}

extension SessionContext {
    /// Whether a session waits for who shows this token, whoever that is.
    func knows(_ claim: ResumeRequest.Claim?) -> Bool {
        guard let token = claim?.token, let session = resumable(token.session) else { return false }
        return session.resume?.admits(token) == true
    }

    /// Looks for the session that a client shows the token of: it must be that of its route, and of the client itself.
    func find(_ claim: ResumeRequest.Claim, for plan: UpgradePlan) -> OnResumeClaim {
        guard let token = claim.token, let session = resumable(token.session), !session.isEnding,
            let resume = session.resume
        else { return .refused(.unknown) }
        guard resume.admits(token), session.route.name == plan.route.name,
            Bearer.isSame(subject: session.bearer?.bearer.subject, plan.admission?.bearer?.subject)
        else { return .refused(.wrongToken) }
        guard let received = claim.received else { return .refused(.wrongCount) }
        switch resume.returns(having: received, showing: token) {
        case .resumes(let first, let close): return .resumes(resume, first: first, then: close)
        case .gaveUp(let payload): return .gaveUp(resume, payload)
        case .gone: return .refused(.unknown)
        case .neverSent: return .refused(.wrongCount)
        case .missedTooMuch:
            session.abort(by: .client, cause: .clientNotBack)
            return .refused(.missedTooMuch)
        }
    }
}

extension Session {
    /// Its client has come with a new proof of who it is.
    fileprivate func relet(_ plan: UpgradePlan) {
        bearer = BearerRecord.of(plan.admission)
        continuity?.renew(by: plan)
        lease?.end()
        lease = SessionLease.of(plan.admission, on: worker)
        lease?.begin(self)
        worker.sessionBegan(self)
    }
}
