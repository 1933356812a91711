internal import Configuration
internal import HTTPProtocol

extension SessionContext {
    /// The plan with what makes its session outlive its backend, where the upstream asks for that.
    func withContinuity(_ plan: UpgradePlan) -> UpgradePlan {
        guard let upstream = upstream(plan.upstream)?.settings.configuration, upstream.mode != .broadcast,
            let rules = upstream.continuity, !plan.route.passesExtensions
        else { return plan }
        var plan = plan
        let terms = ContinuityTerms(id: requestID(), rules: rules)
        plan.continuity = terms
        plan.name(terms.id, resume: nil)
        return plan
    }
}

extension SessionContext {
    /// Gives a session that hibernates a backend again.
    func wake(session id: String) {
        for case let session as Session in sessions where session.continuity?.terms.id == id {
            session.continuity?.wake()
        }
    }
}
