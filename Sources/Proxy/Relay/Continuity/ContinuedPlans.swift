internal import Configuration
internal import EventLoop
internal import HTTPProtocol

extension SessionContext {
    /// The plan with what makes its session outlive its backend, where the upstream asks for that.
    func withContinuity(_ plan: UpgradePlan) -> UpgradePlan {
        guard plan.route.isContinued, let rules = upstream(plan.upstream)?.settings.continuity else {
            return plan
        }
        var plan = plan
        plan.continuity = ContinuityTerms(name: ContinuityName(using: &loop.random), shared: rules)
        return plan
    }

    /// Gives a session that hibernates a backend again. Whether there is one of this name.
    func wake(session name: ContinuityName) -> Bool {
        var isThere = false
        for case let session as Session in sessions where session.continuity?.terms.name == name {
            session.continuity?.wake()
            isThere = true
        }
        return isThere
    }
}
