internal import Access

/// Who a session is of, and how it is closed when that no longer may be: beside the session, since most have none.
final class BearerRecord {
    /// Of a session whose route names no code.
    private static let revokedCode: UInt16 = 4401

    var bearer: Bearer
    let code: UInt16

    /// nil where nobody knows.
    init?(_ admission: Admission?) {
        guard let admission, let bearer = admission.bearer else { return nil }
        self.bearer = bearer
        code = admission.inquiry?.policy.code ?? admission.term?.policy.expiry?.code ?? Self.revokedCode
    }
}
