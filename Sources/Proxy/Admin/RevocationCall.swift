internal import Access
internal import Configuration
internal import Durations
internal import HTTPProtocol

/// What an operator wants of revocations.
enum RevocationCall: Equatable, Sendable {
    case list
    /// - lasting: seconds; nil = as long as tokens live here.
    case add(Revocation, lasting: Double?)
    case remove(Revocation)

    private static let names = ["subject", "token_id", "issued_before"]

    /// Reads an order on `/revocations`, whose sender may give it.
    ///
    /// - Parameter now: seconds since 1970, which `issued_before=now` means.
    static func judge(_ request: AdminRequest, now: Double) throws(AdminRefusal) -> RevocationCall {
        switch request.head.method {
        case "GET", "HEAD":
            try AdminQuery(request).expect([])
            return .list
        case "POST":
            let query = try AdminQuery(withBodyOf: request)
            try query.expect(names + ["for"])
            return .add(try revocation(query, now), lasting: try time(query))
        case "DELETE":
            let query = try AdminQuery(withBodyOf: request)
            try query.expect(names)
            return .remove(try revocation(query, now))
        default: throw .method(allowed: "GET, HEAD, POST, DELETE")
        }
    }

    private static func revocation(_ query: AdminQuery, _ now: Double) throws(AdminRefusal) -> Revocation {
        var before: Double?
        if let text = query["issued_before"] {
            before = text == "now" ? now : Double(text)
            guard let time = before, time.isFinite, time >= 0 else {
                throw .query("'\(text)' is no time, expected seconds since 1970, or now")
            }
        }
        guard
            let revocation = Revocation(
                subject: query["subject"], tokenID: query["token_id"], issuedBefore: before)
        else {
            throw .query(
                "name what is revoked, by one or more of: \(names.joined(separator: ", ")); a text has at most \(Revocation.mostBytes) bytes"
            )
        }
        return revocation
    }

    private static func time(_ query: AdminQuery) throws(AdminRefusal) -> Double? {
        guard let text = query["for"] else { return nil }
        guard let time = Quantity.duration(text), time > .zero else {
            throw .query("'\(text)' is no duration, expected one such as 12h")
        }
        return time.inSeconds
    }
}
