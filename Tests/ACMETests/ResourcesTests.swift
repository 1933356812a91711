import Access
import Testing

@testable import ACME

@Suite("Orders and authorizations")
struct ResourcesTests {
    private func authorization(_ text: String) throws -> Authorization {
        try Authorization(parsing: Array(text.utf8))
    }

    private let pending = """
        {"status":"pending","identifier":{"type":"dns","value":"a.example"},"challenges":[
        {"type":"http-01","url":"https://ca/1","token":"tok-1"},{"type":"dns-01","url":"https://ca/2","token":"tok_2"},
        {"type":"new-99","url":"https://ca/3"}]}
        """

    @Test("an order")
    func order() throws {
        let text = """
            {"status":"invalid","authorizations":["https://ca/z"],"finalize":"https://ca/f",
            "error":{"type":"urn:ietf:params:acme:error:unauthorized","detail":"no"}}
            """
        let order = try Order(parsing: Array(text.utf8))
        #expect(order.status == .invalid)
        #expect(order.authorizations == ["https://ca/z"])
        #expect(order.finalize == "https://ca/f")
        #expect(order.certificate == nil)
        #expect(order.problem?.name == "unauthorized")
    }

    @Test(
        "what is none is refused",
        arguments: ["", "{}", #"{"status":"fine","finalize":"x"}"#, #"{"status":"valid"}"#])
    func brokenOrders(_ text: String) {
        #expect(throws: ACMEError.self) { try Order(parsing: Array(text.utf8)) }
        #expect(throws: ACMEError.self) { try Authorization(parsing: Array(text.utf8)) }
    }

    @Test("the first of ours that is offered is taken")
    func choice() throws {
        let found = try authorization(pending)
        #expect(try found.choose([.tlsALPN, .http, .dns]).0 == .http)
        #expect(try found.choose([.dns, .http]).1.url == "https://ca/2")
        #expect(throws: ACMEError.noChallenge(name: "a.example", offered: ["http-01", "dns-01", "new-99"])) {
            try found.choose([.tlsALPN])
        }
    }

    @Test("a wildcard is proved by DNS alone")
    func wildcard() throws {
        let found = try authorization(
            pending.replacing("\"challenges\"", with: "\"wildcard\":true,\"challenges\""))
        #expect(try found.choose([.tlsALPN, .http, .dns]).0 == .dns)
        #expect(throws: ACMEError.noChallenge(name: "*.a.example", offered: ["http-01", "dns-01", "new-99"]))
        {
            try found.choose([.http])
        }
    }

    @Test("a token that could be a path is refused", arguments: ["", "../x", "a/b", "a b", "a=", "a.b"])
    func tokens(_ token: String) throws {
        let found = try authorization(pending.replacing("tok-1", with: token))
        #expect(throws: ACMEError.self) { try found.choose([.http]) }
    }

    @Test("the record of dns-01 is RFC 8555's digest")
    func record() {
        let task = ChallengeTask(kind: .dns, name: "a", token: "t", keyAuthorization: "t.x")
        #expect(task.dnsValue == Base64URL.encode(Digest.sha256(Array("t.x".utf8))))
    }
}
