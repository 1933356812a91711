internal import Access
internal import Configuration
internal import HTTPProtocol
internal import WebSocketProtocol

/// What an operator wants of sessions.
enum SessionCall: Equatable, Sendable {
    /// - limit: the most that are shown.
    case list(SessionFilter, limit: Int)
    case show(SessionID)
    case end(SessionID, CloseWords)
    /// - rate: sessions a second; nil = all within half a second.
    case close(SessionFilter, CloseWords, rate: Int?)
    case send(SessionFilter, SessionMessage)
    case renew(SessionID, token: [UInt8])

    /// Shown where nothing else is said.
    static let defaultLimit = 100_000
    private static let rates = 1...1_000_000
    private static let filters = ["route", "upstream", "backend", "client", "subject", "state", "older_than"]

    /// Reads an order on a path below `/sessions`, whose sender may give it.
    static func judge(_ request: AdminRequest) throws(AdminRefusal) -> SessionCall {
        let query = try AdminQuery(request)
        switch (request.head.method, request.head.target.path) {
        case ("GET", "/sessions"), ("HEAD", "/sessions"):
            try query.expect(filters + ["limit"])
            return .list(try filter(query), limit: try number(query, "limit", 1...Int.max) ?? defaultLimit)
        case (_, "/sessions"): throw .method(allowed: "GET, HEAD")
        case ("POST", "/sessions/close"):
            try query.expect(filters + ["code", "reason", "rate"])
            return .close(
                try namedFilter(query), try words(query), rate: try number(query, "rate", rates))
        case ("POST", "/sessions/send"):
            try query.expect(filters + ["type"])
            return .send(try namedFilter(query), try message(request, query))
        case (_, "/sessions/close"), (_, "/sessions/send"): throw .method(allowed: "POST")
        default: return try ofOne(request, query)
        }
    }

    /// `/sessions/ID` and `/sessions/ID/token`.
    private static func ofOne(
        _ request: AdminRequest, _ query: AdminQuery
    ) throws(AdminRefusal) -> SessionCall {
        let parts = request.head.target.path.split(separator: "/", omittingEmptySubsequences: false)
        guard (3...4).contains(parts.count), let id = SessionID(parts[2]),
            parts.count == 3 || parts[3] == "token"
        else { throw .notFound }
        if parts.count == 4 {
            guard request.head.method == "PUT" else { throw .method(allowed: "PUT") }
            try query.expect([])
            guard !request.body.isEmpty else { throw .query("the body is to be the new token") }
            return .renew(id, token: request.body)
        }
        switch request.head.method {
        case "GET", "HEAD":
            try query.expect([])
            return .show(id)
        case "DELETE":
            try query.expect(["code", "reason"])
            return .end(id, try words(query))
        default: throw .method(allowed: "GET, HEAD, DELETE")
        }
    }

    // MARK: Parameters

    private static func filter(_ query: AdminQuery) throws(AdminRefusal) -> SessionFilter {
        var filter = SessionFilter()
        filter.route = query["route"]
        filter.upstream = query["upstream"]
        filter.backend = query["backend"]
        filter.subject = query["subject"]
        filter.client = query["client"].map { .init($0) }
        if let text = query["state"] {
            guard let state = SessionFilter.State(rawValue: text) else {
                let known = SessionFilter.State.allCases.map(\.rawValue).joined(separator: ", ")
                throw .query("'\(text)' is no state, expected one of: \(known)")
            }
            filter.state = state
        }
        if let text = query["older_than"] {
            guard let age = Quantity.duration(text) else {
                throw .query("'\(text)' is no duration, expected one such as 90s or 12h")
            }
            filter.olderThan = age
        }
        return filter
    }

    /// A slip of the keyboard must not mean everybody.
    private static func namedFilter(_ query: AdminQuery) throws(AdminRefusal) -> SessionFilter {
        let filter = try filter(query)
        guard !filter.isEmpty else {
            throw .query(
                "name which sessions are meant, by one or more of: " + filters.joined(separator: ", "))
        }
        return filter
    }

    private static func number(
        _ query: AdminQuery, _ name: String, _ range: ClosedRange<Int>
    ) throws(AdminRefusal) -> Int? {
        guard let text = query[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let most = range.upperBound == .max ? " or more" : " to \(range.upperBound)"
            throw .query("'\(text)' is no \(name), expected a number from \(range.lowerBound)\(most)")
        }
        return number
    }

    private static func words(_ query: AdminQuery) throws(AdminRefusal) -> CloseWords {
        var words = CloseWords()
        if let text = query["code"] {
            guard let number = UInt16(text), CloseCode(rawValue: number).isLegalOnWire else {
                throw .query("'\(text)' is no code of a Close, expected one such as 1008 or 4000 to 4999")
            }
            words.code = CloseCode(rawValue: number)
        }
        if let reason = query["reason"] {
            guard reason.utf8.count <= ClosePayload.largestReason else {
                throw .query("the reason is longer than \(ClosePayload.largestReason) bytes")
            }
            words.reason = reason
        }
        return words
    }

    private static func message(
        _ request: AdminRequest, _ query: AdminQuery
    ) throws(AdminRefusal) -> SessionMessage {
        let isText: Bool
        switch query["type"] {
        case "text": isText = true
        case "binary": isText = false
        case nil: isText = request.head.fields.first("content-type") != "application/octet-stream"
        case let type?: throw .query("'\(type)' is no type of a message, expected text or binary")
        }
        guard !isText || String(validating: request.body, as: UTF8.self) != nil else {
            throw .query("the body is no UTF-8; type=binary sends it as it is")
        }
        return SessionMessage(payload: request.body, isText: isText)
    }
}
