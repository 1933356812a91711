internal import ASCII
internal import Access
internal import HTTPProtocol

/// That a client knows how to come back to its session, and what it says where it does: taken out of its request, so that
/// no backend sees it.
struct ResumeRequest: Equatable {
    /// The subprotocol that says so (RFC 6455, 1.9).
    static let name = Subprotocol("resume.trunkline.v1")
    /// The parameter of the query that has the token; browsers can set no fields for a WebSocket.
    static let parameter = "trunkline-resume"
    /// With it: how many messages the client has had.
    static let countParameter = "received"
    /// With it: the client wants its session or none.
    static let onlyParameter = "resume-only"
    /// The field of clients that can set one: `TOKEN; received=N; only`.
    static let field = "Trunkline-Resume"

    /// One that comes back.
    struct Claim: Equatable {
        /// nil where it is no token at all.
        var token: ResumeToken?
        /// 0 where the client doesn't say; nil where what it says is no number: it can't be known then what it has had.
        var received: UInt64? = 0
        /// No fresh session is wanted in its place.
        var isOnly = false

        /// A count as it is written: decimal digits alone.
        static func count(_ text: some StringProtocol) -> UInt64? {
            guard text.utf8.allSatisfy({ $0.isDigit }) else { return nil }
            return text.isEmpty ? 0 : UInt64(text)
        }
    }

    /// The subprotocol was among those that it offered.
    var isOffered = true
    /// Where it comes back.
    var claim: Claim?
    /// Why it gets no session that was before.
    var refusal: ResumeRefusal?

    /// Takes it out of a request's head; nil where the client doesn't know how.
    static func take(from head: inout RequestHead) -> ResumeRequest? {
        let isOffered = takeOffer(from: &head.fields)
        let field = head.fields.first(Self.field)
        head.fields.remove(Self.field)
        let claim = takeClaim(from: &head) ?? field.map(claim(of:))
        return isOffered || claim != nil ? ResumeRequest(isOffered: isOffered, claim: claim) : nil
    }

    private static func takeOffer(from fields: inout HeaderFields) -> Bool {
        let offered = OfferedSubprotocols(fields)
        guard offered.names.contains(name) else { return false }
        let others = offered.names.filter { $0 != name }
        fields.remove("sec-websocket-protocol")
        if !others.isEmpty {
            let line = Array(others.map(\.bytes).joined(separator: [.comma, .space]))
            fields.append("Sec-WebSocket-Protocol", bytes: line)
        }
        return true
    }

    private static func takeClaim(from head: inout RequestHead) -> Claim? {
        guard let token = QueryText.take(parameter, from: &head) else { return nil }
        let count = QueryText.take(countParameter, from: &head)
        let only = QueryText.take(onlyParameter, from: &head)
        return Claim(
            token: ResumeToken(token), received: Claim.count(count ?? "0"),
            isOnly: only.map { $0 != "0" } ?? false)
    }

    private static func claim(of field: String) -> Claim {
        let parts = field.split(separator: ";").map { $0.filter { $0 != " " } }
        let count = parts.dropFirst().first { $0.hasPrefix("received=") }
        return Claim(
            token: parts.first.flatMap { ResumeToken($0) },
            received: Claim.count(count?.dropFirst("received=".count) ?? "0"),
            isOnly: parts.dropFirst().contains("only"))
    }
}
