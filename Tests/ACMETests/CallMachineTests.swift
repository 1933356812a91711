import Testing

@testable import ACME

@Suite("Single orders to an authority")
struct CallMachineTests {
    private func run(
        _ order: AuthorityOrder, directory: String = FakeAuthority.directory, status: Int = 200
    ) throws -> (CallMachine.Step, FakeAuthority) {
        var machine = CallMachine(
            order,
            over: AuthorityLink(
                directory: "https://ca/dir", key: try Known.account(), account: "https://ca/acct/1"))
        var authority = FakeAuthority()
        var step = machine.begin()
        while case .send(let request) = step {
            try authority.took(request)
            switch request.url {
            case "https://ca/dir": step = machine.received(authority.answer(200, directory))
            case "https://ca/nonce": step = machine.received(authority.answer(200))
            default: step = machine.received(authority.answer(status, "{}"))
            }
        }
        return (step, authority)
    }

    private func isDone(_ step: CallMachine.Step) -> Bool { if case .done = step { true } else { false } }

    @Test("a certificate is revoked by its account, with a reason")
    func revocation() throws {
        let (step, authority) = try run(.revoke(certificate: [1, 2, 3], reason: 4))
        #expect(isDone(step))
        #expect(authority.log.last == "POST https://ca/revoke")
        #expect(authority.payloads == [.object(["certificate": .text("AQID"), "reason": .number(4)])])
    }

    @Test("a new key says so itself, within the old one's message")
    func rollOver() throws {
        let key = try PrivateKey(generating: .p256)
        let (step, authority) = try run(.changeKey(to: key))
        #expect(isDone(step))
        let inner = try #require(authority.payloads.first ?? nil)
        let head = try SignedMessageTests.part(inner, "protected")
        #expect(head["jwk"] == key.jwk)
        #expect(head["nonce"] == nil)
        #expect(head["url"]?.string == "https://ca/key")
        let wish = try SignedMessageTests.part(inner, "payload")
        #expect(wish["account"]?.string == "https://ca/acct/1")
        #expect(wish["oldKey"] == (try Known.account()).jwk)
    }

    @Test("an account is looked for by its key, and none is made")
    func search() throws {
        let (step, authority) = try run(.findAccount)
        #expect(isDone(step))
        #expect(authority.log.last == "POST https://ca/account")
        #expect(authority.payloads == [.object(["onlyReturnExisting": .flag(true)])])
    }

    @Test("renewal information is asked for without a signature")
    func information() throws {
        let (step, authority) = try run(.renewalInformation("key.serial"))
        #expect(isDone(step))
        #expect(authority.log == ["GET https://ca/dir", "GET https://ca/ari/key.serial"])
    }

    @Test("what the authority doesn't have is not offered; what it refuses is a failure")
    func refusals() throws {
        let bare = #"{"newNonce":"https://ca/nonce","newAccount":"https://ca/a","newOrder":"https://ca/o"}"#
        #expect(try run(.revoke(certificate: [], reason: 0), directory: bare).0 == .notOffered)
        #expect(try run(.renewalInformation("x"), directory: bare).0 == .notOffered)
        #expect(try run(.changeKey(to: try Known.account()), directory: bare).0 == .notOffered)
        guard case .failed(.problem) = try run(.revoke(certificate: [], reason: 0), status: 403).0 else {
            Issue.record("no failure")
            return
        }
        let machine = CallMachine(
            .renewalInformation("x"),
            over: AuthorityLink(directory: "https://ca/dir", key: try Known.account()))
        #expect(machine.exchangeFailed("x") == .failed(.unreachable("x")))
    }
}
