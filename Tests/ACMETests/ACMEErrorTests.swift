import Testing

@testable import ACME

@Suite("Errors of authorities")
struct ACMEErrorTests {
    @Test("a problem document becomes a line")
    func problem() throws {
        let text = """
            {"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"no\\nway","subproblems":[
            {"identifier":{"type":"dns","value":"a.example"},"detail":"bad"}]}
            """
        let problem = Problem(try JSONNode(parsing: Array(text.utf8)), status: 403, retryAfter: .seconds(7))
        #expect(problem.name == "rejectedIdentifier")
        #expect(
            problem.description
                == "the authority refuses (403 rejectedIdentifier): no way; a.example: bad; it wants to be asked again in 7 s"
        )
        #expect(Problem(nil, status: 502).description == "the authority refuses (502 http)")
    }

    @Test("its words are bounded and can't break a line")
    func bounds() {
        let node = JSONNode.object(["detail": .text(String(repeating: "x\r\n\u{1B}", count: 10_000))])
        let problem = Problem(node, status: 400)
        #expect(problem.detail.unicodeScalars.count == 500)
        #expect(!problem.detail.unicodeScalars.contains { $0.value < 32 })
    }

    @Test(
        "each has a word, a line, and says whether it is counted against us",
        arguments: [
            (ACMEError.unreachable("x"), "unreachable", false), (.malformed("x"), "malformed", false),
            (.problem(Problem(status: 429, name: "rateLimited", detail: "")), "rateLimited", true),
            (.problem(Problem(status: 503, name: "http", detail: "")), "http", false),
            (.validation(name: "a", challenge: "http-01", reason: "x"), "validation", true),
            (.noChallenge(name: "*.a", offered: ["http-01"]), "no_challenge", true),
            (.presentation("x"), "presentation", false), (.certificate("x"), "certificate", true),
            (.timeout("x"), "timeout", true), (.own("x"), "own", false),
        ])
    func words(_ error: ACMEError, _ word: String, _ counts: Bool) {
        #expect(error.word == word)
        #expect(error.countsAtAuthority == counts)
        #expect(!error.description.isEmpty)
    }

    @Test("a wildcard without dns-01 says what is missing")
    func wildcard() {
        #expect(
            ACMEError.noChallenge(name: "*.a", offered: []).description.hasSuffix("a wildcard needs dns-01"))
    }
}
