internal import Access
internal import HTTPProtocol

/// What access rules found out of who asks.
struct Admission {
    /// By name and password.
    var user: String?
    var claims: Claims?
    /// What else was asked says of the client, for the backend: a field without a value is taken away.
    var told: [(name: String, value: String)] = []
    /// How long it is good for.
    var term: SessionTerm?
    /// What is to be asked again for as long as the session lives.
    var inquiry: AuthorityInquiry?

    /// Who it is, for lists and logs.
    var subject: String? { claims?.subject ?? user }
}

/// What becomes of a request at its route's rules.
enum OnAccess {
    case admitted(Admission)
    case refused(Fault)
    /// Somebody else has answered for us.
    case answered(RouteResponse)
}
