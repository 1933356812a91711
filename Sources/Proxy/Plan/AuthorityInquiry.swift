internal import Access
internal import HTTPProtocol

/// What an authority is asked about a request, in the way of nginx's `auth_request` and the forward-auth of Traefik and
/// Caddy: the request's fields, and what it was in fields of their own.
struct AuthorityInquiry {
    /// That belong to the handshake, or speak of a body that isn't sent along.
    private static let left = ["content-length", "content-type", "content-encoding", "expect", "range"]

    let policy: AuthorityPolicy
    let plan: RequestPlan
    /// What the answer may depend on; nil where nobody proves who he is.
    let cacheKey: [UInt8]?

    init(_ policy: AuthorityPolicy, _ question: AccessQuestion) {
        self.policy = policy
        var head = question.head
        head.fields.removeAll { $0.hasPrefix("sec-websocket-") || Self.left.contains($0) }
        head.method = policy.method ?? (question.head.method == "CONNECT" ? "GET" : question.head.method)
        let target = (try? RequestTarget(text: policy.path)) ?? .root
        var forwarding = question.forwarding
        var edits = FieldEdits()
        edits.set("X-Forwarded-Method", question.head.method, isPersonal: false)
        edits.set("X-Forwarded-Uri", question.head.target.text, isPersonal: false)
        forwarding.edits = edits
        plan = RequestPlan(
            route: question.route, upstream: policy.upstream, head: head, target: target, framing: .none,
            forwarding: forwarding, host: question.host)
        cacheKey = Self.key(policy, question, head.fields)
    }

    private init(_ policy: AuthorityPolicy, _ plan: RequestPlan) {
        self.policy = policy
        self.plan = plan
        cacheKey = nil
    }

    /// All that it is asked by: what proves who the client is may stand in any field, in the query, or be its address.
    private static func key(
        _ policy: AuthorityPolicy, _ question: AccessQuestion, _ fields: HeaderFields
    ) -> [UInt8]? {
        guard fields.contains("authorization") || fields.contains("cookie") else { return nil }
        let asked = [
            question.route.name, policy.upstream, policy.path, question.host, question.head.method,
            question.head.target.text, question.forwarding.client, "",
        ]
        var key = Array(asked.joined(separator: "\0").utf8)
        fields.write(into: &key)
        return key
    }

    /// The same, of a client that has brought a new token since.
    func renewed(_ token: String) -> AuthorityInquiry {
        var plan = plan
        plan.head.carry(token: token, by: plan.route)
        return AuthorityInquiry(policy, plan)
    }
}

/// What an authority's answer comes to.
enum AuthorityAnswer {
    case yes([(name: String, value: String)])
    /// What the client is told.
    case no(AuthorityRefusal)
    /// None that says either.
    case silence

    init(_ answer: UpstreamAnswer?, _ policy: AuthorityPolicy) {
        guard let answer else {
            self = .silence
            return
        }
        switch answer.head.status {
        case 200..<300:
            self = .yes(
                policy.pass.map { ($0, answer.head.fields.all($0).joined(separator: ", ")) })
        case 300..<500: self = .no(AuthorityRefusal(answer))
        default: self = .silence
        }
    }
}

/// A no of an authority's, which the client gets with its fields.
struct AuthorityRefusal {
    private static let left: Set<String> = [
        "connection", "content-length", "content-type", "keep-alive", "transfer-encoding", "trailer",
        "upgrade",
        "te", "date",
    ]

    private let answer: UpstreamAnswer

    init(_ answer: UpstreamAnswer) { self.answer = answer }

    func on(_ route: Route) -> RouteResponse {
        var fields = HopByHop.removed(from: answer.head.fields)
        fields.removeAll { Self.left.contains($0) }
        return RouteResponse(
            route: route.name, status: answer.head.status,
            body: String(decoding: answer.body, as: UTF8.self),
            contentType: answer.head.fields.first("content-type") ?? "text/plain; charset=utf-8",
            bytes: answer.body, fields: fields.list)
    }
}
