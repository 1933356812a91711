internal import Access

/// Whose session it is, and how it is closed when that one may be here no more. It stands apart, as most sessions have none.
final class BearerRecord {
    /// Of a session whose route names no code.
    private static let revokedCode: UInt16 = 4401

    var bearer: Bearer
    let code: UInt16

    private init(_ bearer: Bearer, _ admission: Admission) {
        self.bearer = bearer
        code = admission.inquiry?.policy.code ?? admission.term?.policy.expiry?.code ?? Self.revokedCode
    }

    /// nil where nobody knows. No initialiser that may fail: an object would be made for most sessions, and let go.
    static func of(_ admission: Admission?) -> BearerRecord? {
        guard let admission, let bearer = admission.bearer else { return nil }
        return BearerRecord(bearer, admission)
    }
}
