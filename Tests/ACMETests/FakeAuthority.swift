import Testing

@testable import ACME

/// Answers a machine's requests as an authority does, and keeps what was asked.
struct FakeAuthority {
    static let directory = """
        {"newNonce":"https://ca/nonce","newAccount":"https://ca/account","newOrder":"https://ca/order",
        "revokeCert":"https://ca/revoke","keyChange":"https://ca/key","renewalInfo":"https://ca/ari"}
        """

    /// `METHOD URL` of each request.
    var log: [String] = []
    /// The payloads of those that were signed.
    var payloads: [JSONNode?] = []
    private var nonces = 0

    mutating func fresh() -> String {
        nonces += 1
        return "nonce\(nonces)"
    }

    mutating func took(_ request: AuthorityRequest) throws {
        log.append("\(request.method) \(request.url)")
        guard request.method == "POST" else { return }
        let message = try JSONNode(parsing: request.body)
        let head = try SignedMessageTests.part(message, "protected")
        #expect(head["url"]?.string == request.url)
        #expect(head["nonce"]?.string != nil)
        payloads.append(
            message["payload"] == .text("") ? nil : try SignedMessageTests.part(message, "payload"))
    }

    mutating func answer(
        _ status: Int, _ body: String = "", location: String? = nil, retryAfter: Duration? = nil
    )
        -> AuthorityResponse
    {
        AuthorityResponse(
            status: status, nonce: fresh(), location: location, retryAfter: retryAfter, body: Array(body.utf8)
        )
    }

    mutating func problem(_ status: Int, _ name: String) -> AuthorityResponse {
        answer(status, #"{"type":"urn:ietf:params:acme:error:\#(name)","detail":"because"}"#)
    }

    static func order(_ status: String, authorizations: [String] = ["https://ca/z/1"]) -> String {
        let list = authorizations.map { "\"\($0)\"" }.joined(separator: ",")
        return """
            {"status":"\(status)","authorizations":[\(list)],"finalize":"https://ca/f","certificate":"https://ca/c"}
            """
    }

    static func authorization(_ status: String, name: String = "a.example", isWildcard: Bool = false)
        -> String
    {
        """
        {"status":"\(status)","identifier":{"type":"dns","value":"\(name)"},"wildcard":\(isWildcard),"challenges":[
        {"type":"http-01","url":"https://ca/ch/1","token":"tok","error":{"detail":"connection refused"}},
        {"type":"dns-01","url":"https://ca/ch/2","token":"tok"}]}
        """
    }
}
