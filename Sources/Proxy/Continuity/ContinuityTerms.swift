internal import Configuration
internal import HTTPProtocol

/// What a session that outlives its backend is known by, and the rules that it goes by.
struct ContinuityTerms {
    /// Tells backends which session it is.
    static let sessionField = "Trunkline-Session"
    /// Tells them that it has been another's.
    static let resumeField = "Trunkline-Resume"

    let id: String
    let rules: ContinuityConfiguration
}

extension Worker {
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

extension Worker {
    /// Gives a session that hibernates a backend again.
    func wake(session id: String) {
        for case let session as Session in sessions where session.continuity?.terms.id == id {
            session.continuity?.wake()
        }
    }
}

extension UpgradePlan {
    /// Says in the handshake which session it is for, and what has become of its backend before; nobody else may say so.
    mutating func name(_ session: String, resume: String?) {
        var edits = forwarding.edits ?? FieldEdits()
        edits.set(ContinuityTerms.sessionField, session, isPersonal: true)
        edits.set(ContinuityTerms.resumeField, resume ?? "", isPersonal: true)
        forwarding.edits = edits
    }
}
