internal import Access
internal import HTTPProtocol

/// What access rules found out of who asks.
struct Admission {
    /// By name and password.
    var user: String?
    var claims: Claims?
    /// That has them.
    var token: String?
    /// What else was asked says of the client, for the backend: a field without a value is taken away.
    var told: [(name: String, value: String)] = []
    /// How long it is good for.
    var term: SessionTerm?
    /// What is to be asked again for as long as the session lives.
    var inquiry: AuthorityInquiry?

    /// Who it is, for lists and revocations: by its token, else by its password, else by the first field that an authority
    /// passes.
    var bearer: Bearer? {
        let name = user ?? told.first { !$0.value.isEmpty }?.value
        guard let claims else { return name.map { Bearer(subject: $0) } }
        var bearer = Bearer(claims)
        bearer.subject = bearer.subject ?? name
        return bearer
    }
}

/// What becomes of a request at its route's rules.
enum OnAccess {
    case admitted(Admission)
    case refused(Fault)
    /// Somebody else has answered for us.
    case answered(RouteResponse)
}
