import Testing

@testable import ACME

@Suite("Issuing")
struct IssueMachineTests {
    typealias Step = IssueMachine.Step

    private func machine(
        _ names: [String] = ["a.example"], challenges: [ChallengeKind] = [.tlsALPN, .http, .dns],
        account: String? = nil, external: ExternalAccount? = nil, replaces: String? = nil
    ) throws -> IssueMachine {
        IssueMachine(
            IssueOptions(
                names: names, challenges: challenges, request: [1, 2, 3], email: "ops@a.example",
                externalAccount: external, replaces: replaces),
            over: AuthorityLink(directory: "https://ca/dir", key: try Known.account(), account: account))
    }

    /// Answers requests by their address until the machine wants something else, or ends.
    private func run(
        _ machine: inout IssueMachine, _ authority: inout FakeAuthority, from first: Step,
        _ script: [String: (inout FakeAuthority) -> AuthorityResponse] = [:]
    ) throws -> Step {
        var step = first
        while case .send(let request) = step {
            try authority.took(request)
            let answer: AuthorityResponse =
                if let scripted = script[request.url] {
                    scripted(&authority)
                } else {
                    switch request.url {
                    case "https://ca/dir": authority.answer(200, FakeAuthority.directory)
                    case "https://ca/nonce": authority.answer(204)
                    case "https://ca/account": authority.answer(201, "{}", location: "https://ca/acct/1")
                    case "https://ca/order":
                        authority.answer(201, FakeAuthority.order("pending"), location: "https://ca/o/1")
                    case "https://ca/z/1": authority.answer(200, FakeAuthority.authorization("pending"))
                    case "https://ca/f": authority.answer(200, FakeAuthority.order("valid"))
                    case "https://ca/c": authority.answer(200, "PEM")
                    default: authority.answer(200, "{}")
                    }
                }
            step = machine.received(answer)
        }
        return step
    }

    private let task = ChallengeTask(
        kind: .http, name: "a.example", token: "tok", keyAuthorization: "tok.\(Known.thumbprint)")

    @Test("from nothing to a chain")
    func whole() throws {
        var machine = try machine()
        var authority = FakeAuthority()
        #expect(try run(&machine, &authority, from: machine.begin()) == .present(task))
        #expect(try run(&machine, &authority, from: machine.presented()) == .wait(.milliseconds(250)))
        let valid: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/z/1": { $0.answer(200, FakeAuthority.authorization("valid")) }
        ]
        #expect(try run(&machine, &authority, from: machine.waitOver(), valid) == .withdraw(task))
        #expect(try run(&machine, &authority, from: machine.withdrawn()) == .issued(Array("PEM".utf8)))
        #expect(machine.link.account == "https://ca/acct/1")
        #expect(
            authority.log == [
                "GET https://ca/dir", "POST https://ca/account", "POST https://ca/order",
                "POST https://ca/z/1",
                "POST https://ca/ch/1", "POST https://ca/z/1", "POST https://ca/f", "POST https://ca/c",
            ])
        #expect(
            authority.payloads == [
                .object([
                    "contact": .list([.text("mailto:ops@a.example")]), "termsOfServiceAgreed": .flag(true),
                ]),
                .object([
                    "identifiers": .list([.object(["type": .text("dns"), "value": .text("a.example")])])
                ]),
                nil, .object([]), nil, .object(["csr": .text("AQID")]), nil,
            ])
    }

    @Test("an account that is known is not asked for; one that is gone is made anew, once")
    func account() throws {
        var machine = try machine(account: "https://ca/acct/9")
        var authority = FakeAuthority()
        let gone: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/order": { $0.problem(400, "accountDoesNotExist") }
        ]
        let step = try run(&machine, &authority, from: machine.begin(), gone)
        guard case .failed(.problem(let problem)) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(problem.name == "accountDoesNotExist")
        #expect(authority.log.filter { $0 == "POST https://ca/account" }.count == 1)
        #expect(authority.log.filter { $0 == "POST https://ca/order" }.count == 2)
    }

    @Test("a name that was proved before needs no new proof")
    func reuse() throws {
        var machine = try machine(account: "https://ca/acct/1")
        var authority = FakeAuthority()
        let ready: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/order": { $0.answer(201, FakeAuthority.order("ready"), location: "https://ca/o/1") }
        ]
        #expect(try run(&machine, &authority, from: machine.begin(), ready) == .issued(Array("PEM".utf8)))
        #expect(!authority.log.contains("POST https://ca/z/1"))
    }

    @Test("an external account is bound; without one it is said what is missing")
    func binding() throws {
        let directory = FakeAuthority.directory.replacing(
            "{\"newNonce\"", with: "{\"meta\":{\"externalAccountRequired\":true},\"newNonce\"")
        let wanting: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/dir": { $0.answer(200, directory) }
        ]
        var without = try machine()
        var authority = FakeAuthority()
        guard case .failed(.own(let reason)) = try run(&without, &authority, from: without.begin(), wanting)
        else {
            Issue.record("goes on")
            return
        }
        #expect(reason.contains("acme.external_account"))
        var with = try machine(external: ExternalAccount(id: "k", key: [9]))
        authority = FakeAuthority()
        #expect(try run(&with, &authority, from: with.begin(), wanting) == .present(task))
        #expect(authority.payloads[0]?["externalAccountBinding"]?["signature"] != nil)
    }

    @Test("a proof that fails is taken back before the failure is told")
    func invalid() throws {
        var machine = try machine()
        var authority = FakeAuthority()
        _ = try run(&machine, &authority, from: machine.begin())
        _ = try run(&machine, &authority, from: machine.presented())
        let bad: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/z/1": { $0.answer(200, FakeAuthority.authorization("invalid")) }
        ]
        #expect(try run(&machine, &authority, from: machine.waitOver(), bad) == .withdraw(task))
        #expect(
            machine.withdrawn()
                == .failed(.validation(name: "a.example", challenge: "http-01", reason: "connection refused"))
        )
    }

    @Test("what fails while a proof stands takes it back, whatever it is", arguments: [0, 1, 2, 3])
    func cleaning(_ way: Int) throws {
        var machine = try machine()
        var authority = FakeAuthority()
        _ = try run(&machine, &authority, from: machine.begin())
        let step: Step
        switch way {
        case 0: step = machine.presentationFailed("disk full")
        case 1:
            _ = machine.presented()
            step = machine.exchangeFailed("reset")
        case 2:
            _ = machine.presented()
            step = machine.received(authority.problem(500, "serverInternal"))
        default:
            _ = try run(&machine, &authority, from: machine.presented())
            _ = machine.waitOver()
            step = machine.received(authority.answer(200, "<html>"))
        }
        #expect(step == .withdraw(task))
        guard case .failed = machine.withdrawn() else {
            Issue.record("no failure")
            return
        }
    }

    @Test("an authority that never comes to an end is given up")
    func endless() throws {
        var machine = try machine()
        var authority = FakeAuthority()
        var step = try run(&machine, &authority, from: machine.begin())
        step = try run(&machine, &authority, from: machine.presented())
        var waited = Duration.zero
        while case .wait(let time) = step {
            waited += time
            step = try run(&machine, &authority, from: machine.waitOver())
        }
        #expect(step == .withdraw(task))
        #expect(machine.withdrawn() == .failed(.timeout("verification")))
        #expect((Duration.seconds(590)...(.seconds(600))).contains(waited))
    }

    @Test("a signature that takes its time is waited for, as long as the authority says")
    func processing() throws {
        var machine = try machine(account: "https://ca/acct/1")
        var authority = FakeAuthority()
        let slow: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/order": { $0.answer(201, FakeAuthority.order("ready"), location: "https://ca/o/1") },
            "https://ca/f": { $0.answer(200, FakeAuthority.order("processing"), retryAfter: .seconds(7)) },
            "https://ca/o/1": { $0.answer(200, FakeAuthority.order("valid")) },
        ]
        #expect(try run(&machine, &authority, from: machine.begin(), slow) == .wait(.milliseconds(7000)))
        #expect(try run(&machine, &authority, from: machine.waitOver(), slow) == .issued(Array("PEM".utf8)))
    }

    @Test("several names are proved one after the other, a wildcard by DNS")
    func several() throws {
        var machine = try machine(["a.example", "*.b.example"], challenges: [.http, .dns])
        var authority = FakeAuthority()
        let urls = ["https://ca/z/1", "https://ca/z/2"]
        var script: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/order": {
                $0.answer(
                    201, FakeAuthority.order("pending", authorizations: urls), location: "https://ca/o/1")
            },
            "https://ca/z/2": {
                $0.answer(200, FakeAuthority.authorization("pending", name: "b.example", isWildcard: true))
            },
        ]
        #expect(try run(&machine, &authority, from: machine.begin(), script) == .present(task))
        _ = try run(&machine, &authority, from: machine.presented(), script)
        script["https://ca/z/1"] = { $0.answer(200, FakeAuthority.authorization("valid")) }
        #expect(try run(&machine, &authority, from: machine.waitOver(), script) == .withdraw(task))
        guard case .present(let second) = try run(&machine, &authority, from: machine.withdrawn(), script)
        else {
            Issue.record("no second proof")
            return
        }
        #expect(second.kind == .dns && second.name == "b.example")
    }

    @Test("names that were not asked for, and more of them than were, are lies")
    func lies() throws {
        var machine = try machine(account: "https://ca/acct/1")
        var authority = FakeAuthority()
        let stranger: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/z/1": { $0.answer(200, FakeAuthority.authorization("pending", name: "evil.example")) }
        ]
        guard case .failed(.malformed) = try run(&machine, &authority, from: machine.begin(), stranger) else {
            Issue.record("taken")
            return
        }
        var second = try self.machine(account: "https://ca/acct/1")
        let many = (0..<1000).map { "https://ca/z/\($0)" }
        let flood: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/order": {
                $0.answer(
                    201, FakeAuthority.order("pending", authorizations: many), location: "https://ca/o/1")
            }
        ]
        guard case .failed(.malformed) = try run(&second, &authority, from: second.begin(), flood) else {
            Issue.record("taken")
            return
        }
    }

    @Test("the certificate that is replaced is named, and left out where the authority won't have it")
    func replaces() throws {
        var machine = try machine(account: "https://ca/acct/1", replaces: "key.serial")
        var authority = FakeAuthority()
        var refusals = 0
        let once: [String: (inout FakeAuthority) -> AuthorityResponse] = [
            "https://ca/order": {
                refusals += 1
                return refusals == 1
                    ? $0.problem(409, "alreadyReplaced")
                    : $0.answer(201, FakeAuthority.order("ready"), location: "https://ca/o/1")
            }
        ]
        #expect(try run(&machine, &authority, from: machine.begin(), once) == .issued(Array("PEM".utf8)))
        #expect(authority.payloads[0]?["replaces"] == .text("key.serial"))
        #expect(authority.payloads[1]?["replaces"] == nil)
    }

    @Test("what is told in the wrong order, or after the end, is a failure and no trap")
    func disorder() throws {
        var machine = try machine()
        for step in [
            machine.presented(), machine.withdrawn(), machine.waitOver(),
            machine.received(AuthorityResponse(status: 200)),
        ] {
            if case .issued = step { Issue.record("issued") }
        }
        var ended = try self.machine()
        #expect(ended.exchangeFailed("x") == .failed(.unreachable("x")))
        guard case .failed = ended.received(AuthorityResponse(status: 200)) else {
            Issue.record("goes on after its end")
            return
        }
    }

    @Test("random answers always come to an end")
    func walk() throws {
        var random = SystemRandomNumberGenerator()
        let bodies = [
            "", "{}", FakeAuthority.directory, FakeAuthority.order("pending"), FakeAuthority.order("ready"),
            FakeAuthority.order("valid"), FakeAuthority.order("processing"), FakeAuthority.order("invalid"),
            FakeAuthority.authorization("pending"), FakeAuthority.authorization("valid"),
            FakeAuthority.authorization("invalid"),
        ]
        for _ in 0..<300 {
            var machine = try machine()
            var authority = FakeAuthority()
            var step = machine.begin()
            var steps = 0
            var standing = 0
            loop: while true {
                steps += 1
                #expect(steps < 5000)
                switch step {
                case .send:
                    let status = [200, 200, 200, 201, 400, 500].randomElement(using: &random) ?? 200
                    step = machine.received(
                        authority.answer(
                            status, bodies.randomElement(using: &random) ?? "", location: "https://ca/o/1"))
                case .present:
                    standing += 1
                    step = Bool.random(using: &random) ? machine.presented() : machine.presentationFailed("x")
                case .withdraw:
                    standing -= 1
                    step = machine.withdrawn()
                case .wait: step = machine.waitOver()
                case .issued, .failed: break loop
                }
            }
            #expect(standing == 0)
        }
    }
}
