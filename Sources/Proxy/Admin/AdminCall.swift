internal import HTTPProtocol

/// What somebody asks of the admin listener.
enum AdminCall: Equatable, Sendable {
    case index, health, ready, status, metrics
    case reload
    case drain(DrainSelection, rate: Int)
    case undrain(DrainSelection)
    /// Gives a session that hibernates a backend again, by the id that backends know it by.
    case wake(session: String)
    /// Whether every name has a certificate that clients take.
    case certificatesReady
    /// nil = all names.
    case renew(String?)
    /// For a reason of RFC 5280, 5.3.1.
    case revoke(String, reason: Int)
    case changeAccountKey
    case sessions(SessionCall)
    case revocations(RevocationCall)

    /// What there is, in words: the answer to `/`.
    static let list = """
        Trunkline's admin listener.
        GET  /healthz   200 as long as the process lives
        GET  /readyz    200 while it takes new connections, 503 while it starts or drains;
                        /readyz?certificates: and has every certificate that it is to get
        GET  /status    what it does now, as JSON
        GET  /metrics   what it has counted, for Prometheus
        POST /reload    loads the configuration again
        POST /drain?route=NAME | upstream=NAME | backend=ADDRESS [&rate=SESSIONS A SECOND]
        POST /undrain?route=NAME | upstream=NAME | backend=ADDRESS
        POST /wake?session=ID   gives a session that hibernates a backend again
        POST /acme/renew[?name=HOST]          asks for certificates now
        POST /acme/revoke?name=HOST[&reason=NUMBER]
        POST /acme/account-key                gives the account another key
        GET  /sessions[?route=&upstream=&backend=&client=&subject=&state=&older_than=&limit=]
        GET  /sessions/ID
        DELETE /sessions/ID[?code=&reason=]
        PUT  /sessions/ID/token   the body is a new token
        POST /sessions/close?…[&code=&reason=&rate=]   closes those who are meant, as GET /sessions has them
        POST /sessions/send?…[&type=text|binary]   sends the body to their clients
        GET  /revocations
        POST /revocations?subject= | token_id= | issued_before=SECONDS|now [&for=]
        DELETE /revocations?…   takes one back

        """

    /// Sessions closed a second where an order says nothing.
    static let defaultRate = 100
    private static let rates = 1...1_000_000
    private static let reading = ["/", "/healthz", "/readyz", "/status", "/metrics"]
    private static let ordering = ["/reload", "/drain", "/undrain", "/wake"]
    private static let certificates = ["/acme/renew", "/acme/revoke", "/acme/account-key"]

    /// All that is asked for by its path alone.
    static let paths = Set(reading + ordering + certificates)

    /// Judges a request. What is asked of sessions is an order, even where it is only read: it says who they are of.
    ///
    /// - Parameter now: seconds since 1970.
    static func judge(
        _ request: AdminRequest, by rules: AdminRules, now: Double
    ) throws(AdminRefusal) -> AdminCall {
        let head = request.head
        try rules.admit(head)
        let path = head.target.path
        if path == "/sessions" || path.hasPrefix("/sessions/") {
            try rules.authorize(head)
            return .sessions(try SessionCall.judge(request))
        }
        if path == "/revocations" {
            try rules.authorize(head)
            return .revocations(try RevocationCall.judge(request, now: now))
        }
        if reading.contains(path) {
            guard head.method == "GET" || head.method == "HEAD" else { throw .method(allowed: "GET, HEAD") }
            if path == "/readyz", try AdminQuery(head.target.query ?? "").names == ["certificates"] {
                return .certificatesReady
            }
            return page(path)
        }
        guard paths.contains(path) else { throw .notFound }
        guard head.method == "POST" else { throw .method(allowed: "POST") }
        try rules.authorize(head)
        if path == "/reload" { return .reload }
        let query = try AdminQuery(head.target.query ?? "")
        if path == "/wake" { return .wake(session: try session(query)) }
        if certificates.contains(path) { return try certificate(path, query) }
        let selection = try selection(query, rateIsKnown: path == "/drain")
        return path == "/undrain" ? .undrain(selection) : .drain(selection, rate: try rate(query))
    }

    private static func page(_ path: String) -> AdminCall {
        switch path {
        case "/healthz": .health
        case "/readyz": .ready
        case "/status": .status
        case "/metrics": .metrics
        default: .index
        }
    }

    private static func session(_ query: AdminQuery) throws(AdminRefusal) -> String {
        guard let id = query["session"], !id.isEmpty, query.names == ["session"] else {
            throw .query("name what is meant: session=ID, as backends are told by Trunkline-Session")
        }
        return id
    }

    private static func certificate(_ path: String, _ query: AdminQuery) throws(AdminRefusal) -> AdminCall {
        switch path {
        case "/acme/renew": return .renew(query["name"])
        case "/acme/account-key": return .changeAccountKey
        default:
            guard let name = query["name"] else { throw .query("name what is to be revoked: name=HOST") }
            let reason = query["reason"] ?? "0"
            // 6 is a hold, which ACME doesn't have; 7 is nothing.
            guard let number = Int(reason), [0, 1, 3, 4, 5].contains(number) else {
                throw .query(
                    "'\(reason)' is no reason, expected 0 unspecified, 1 key compromise, 3 affiliation changed, 4 superseded or 5 cessation"
                )
            }
            return .revoke(name, reason: number)
        }
    }

    private static func rate(_ query: AdminQuery) throws(AdminRefusal) -> Int {
        guard let text = query["rate"] else { return defaultRate }
        guard let rate = Int(text), rates.contains(rate) else {
            throw .query("'\(text)' is no rate, expected sessions a second from 1 to \(rates.upperBound)")
        }
        return rate
    }

    private static func selection(
        _ query: AdminQuery, rateIsKnown: Bool
    ) throws(AdminRefusal) -> DrainSelection {
        let known = ["route", "upstream", "backend"] + (rateIsKnown ? ["rate"] : [])
        try query.expect(known)
        switch (query["route"], query["upstream"], query["backend"]) {
        case (let route?, nil, nil): return .route(route)
        case (nil, let upstream?, nil): return .upstream(upstream)
        case (nil, let upstream, let backend?): return .backend(backend, upstream: upstream)
        default: throw .query("name what is meant: route=NAME, upstream=NAME, or backend=ADDRESS")
        }
    }
}

/// Why a request is not done.
enum AdminRefusal: Error, Equatable {
    case notFound
    case method(allowed: String)
    case browser
    case host(String)
    case token
    case query(String)

    var response: AdminResponse {
        switch self {
        case .notFound: AdminResponse(404, "nothing here; GET / lists what there is\n")
        case .method(let allowed):
            AdminResponse(405, "expected \(allowed)\n", fields: [HeaderFields.Field("Allow", allowed)])
        case .browser: AdminResponse(403, "orders from web pages are not taken\n")
        case .host(let name):
            AdminResponse(403, "'\(name)' is no name of this listener; 'admin.hosts' has those that are\n")
        case .token:
            AdminResponse(
                401, "orders need the token, as Authorization: Bearer TOKEN\n",
                fields: [HeaderFields.Field("WWW-Authenticate", "Bearer")])
        case .query(let complaint): AdminResponse(400, complaint + "\n")
        }
    }
}
