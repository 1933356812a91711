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

extension UpgradePlan {
    /// Says in the handshake which session it is for, and what has become of its backend before; nobody else may say so.
    mutating func name(_ session: String, resume: String?) {
        var edits = forwarding.edits ?? FieldEdits()
        edits.set(ContinuityTerms.sessionField, session, isPersonal: true)
        edits.set(ContinuityTerms.resumeField, resume ?? "", isPersonal: true)
        forwarding.edits = edits
    }
}
