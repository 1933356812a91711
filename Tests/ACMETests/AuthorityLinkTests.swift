import Testing

@testable import ACME

@Suite("The link to an authority")
struct AuthorityLinkTests {
    private func link() throws -> AuthorityLink {
        AuthorityLink(directory: "https://ca/dir", key: try Known.account(), account: "https://ca/acct/1")
    }

    private func send(_ result: AuthorityLink.OnResponse) throws -> AuthorityRequest {
        guard case .send(let request) = result else { throw Unexpected(result) }
        return request
    }

    private struct Unexpected: Error {
        let result: AuthorityLink.OnResponse
        init(_ result: AuthorityLink.OnResponse) { self.result = result }
    }

    @Test("directory, nonce, message; the next message needs neither of the first two")
    func order() throws {
        var link = try link()
        var authority = FakeAuthority()
        #expect(
            try send(link.begin(.post("https://ca/x", nil)))
                == AuthorityRequest(method: "GET", url: "https://ca/dir"))
        let asked = link.received(AuthorityResponse(status: 200, body: Array(FakeAuthority.directory.utf8)))
        #expect(try send(asked) == AuthorityRequest(method: "HEAD", url: "https://ca/nonce"))
        let first = try send(link.received(authority.answer(204)))
        try authority.took(first)
        #expect(authority.log == ["POST https://ca/x"])
        let answer = authority.answer(200, "{}")
        #expect(link.received(answer) == .answered(answer))
        let second = try send(link.begin(.download("https://ca/c")))
        #expect(second.accept == "application/pem-certificate-chain")
        let head = try SignedMessageTests.part(try JSONNode(parsing: second.body), "protected")
        #expect(head["nonce"]?.string == "nonce2")
        #expect(head["kid"]?.string == "https://ca/acct/1")
    }

    private func standing() throws -> (AuthorityLink, FakeAuthority) {
        var link = try link()
        var authority = FakeAuthority()
        _ = link.begin(.post("https://ca/x", nil))
        _ = link.received(AuthorityResponse(status: 200, body: Array(FakeAuthority.directory.utf8)))
        _ = link.received(authority.answer(204))
        return (link, authority)
    }

    @Test("a nonce that was not taken is replaced by the refusal's, so many times")
    func badNonce() throws {
        var (link, authority) = try standing()
        for _ in 0..<11 {
            let again = try send(link.received(authority.problem(400, "badNonce")))
            #expect(again.method == "POST")
        }
        guard case .failed(.problem(let problem)) = link.received(authority.problem(400, "badNonce")) else {
            Issue.record("goes on for ever")
            return
        }
        #expect(problem.name == "badNonce")
    }

    @Test(
        "a refusal without a nonce, or with one that is none, has a new one fetched",
        arguments: [nil, "", "a b", "x=\r\n"])
    func noNonce(_ nonce: String?) throws {
        var (link, authority) = try standing()
        var refusal = authority.problem(400, "badNonce")
        refusal.nonce = nonce
        #expect(try send(link.received(refusal)).method == "HEAD")
        #expect(
            link.received(AuthorityResponse(status: 200, nonce: nonce))
                == .failed(.malformed("no nonce where one was asked for")))
    }

    @Test("other refusals are final, with the time that the authority names")
    func refusals() throws {
        var (link, _) = try standing()
        let response = AuthorityResponse(status: 503, retryAfter: .seconds(30), body: Array("<html>".utf8))
        #expect(
            link.received(response)
                == .failed(.problem(Problem(status: 503, name: "http", detail: "", retryAfter: .seconds(30))))
        )
    }

    @Test(
        "it is led to no other scheme",
        arguments: ["http://ca/x", "ftp://x", "", "https://ca/x y", "file:///etc"])
    func urls(_ url: String) throws {
        var (link, authority) = try standing()
        _ = link.received(authority.answer(200, "{}"))
        guard case .failed(.malformed) = link.begin(.post(url, nil)) else {
            Issue.record("goes to '\(url)'")
            return
        }
    }

    @Test("a directory that is none ends the call")
    func directory() throws {
        var link = try link()
        _ = link.begin(.directory)
        guard case .failed(.malformed) = link.received(AuthorityResponse(status: 200, body: [123])) else {
            Issue.record("taken")
            return
        }
        _ = link.begin(.directory)
        guard case .failed(.problem) = link.received(AuthorityResponse(status: 404)) else {
            Issue.record("taken")
            return
        }
    }
}
