internal import Access
internal import HTTPProtocol

/// What a route asks of requests, and changes of them and their answers, beyond carrying them. A route that does neither
/// has none.
final class RoutePassage: Sendable {
    let access: RouteAccess?
    let sources: TokenSources?
    let request: FieldRules
    let response: FieldRules

    init(access: RouteAccess?, sources: TokenSources?, request: FieldRules, response: FieldRules) {
        self.access = access
        self.sources = sources
        self.request = request
        self.response = response
    }

    /// What changes of a request's head.
    func requestEdits(
        _ admission: Admission, _ facts: (FieldTemplate.Variable) -> String?
    ) -> FieldEdits {
        var edits = FieldEdits()
        for (field, claim) in access?.tokens?.pass ?? [] {
            edits.set(field, admission.claims?.fieldValue(claim) ?? "", isPersonal: true)
        }
        for (name, value) in admission.told { edits.set(name, value, isPersonal: true) }
        request.write(into: &edits, facts)
        return edits
    }

    /// What changes of an answer's head; nil = nothing.
    func responseEdits(_ facts: (FieldTemplate.Variable) -> String?) -> FieldEdits? {
        guard !response.isEmpty else { return nil }
        var edits = FieldEdits()
        response.write(into: &edits, facts)
        return edits
    }
}
