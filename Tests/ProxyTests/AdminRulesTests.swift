import HTTPProtocol
import Testing

@testable import Proxy

@Suite("Who may ask the admin listener")
struct AdminRulesTests {
    private let rules = AdminRules(hosts: ["ops.internal"], token: "secret")

    private func judge(
        _ method: String, _ target: String, _ list: [(String, String)], by rules: AdminRules? = nil
    ) -> Result<AdminCall, AdminRefusal> {
        var fields = HeaderFields()
        for (name, value) in list { fields.append(name, value) }
        let target = (try? RequestTarget(text: target)) ?? .root
        let head = RequestHead(method: method, target: target, fields: fields)
        return Result { () throws(AdminRefusal) in
            try AdminCall.judge(AdminRequest(head: head), by: rules ?? self.rules, now: 0)
        }
    }

    @Test(
        "addresses and names of its own",
        arguments: [
            "127.0.0.1:9901", "10.0.0.1", "[::1]:9901", "localhost", "LOCALHOST:1", "localhost.",
            "Ops.Internal:9901",
        ])
    func known(host: String) {
        #expect(judge("GET", "/status", [("Host", host)]) == .success(.status))
    }

    @Test(
        "no other name, which a page's owner may have pointed here",
        arguments: [
            "rebound.example:9901", "localhost.example", "127.0.0.1.example", "[localhost]", "0x7f.1", "1",
            "ops.internal.example",
        ])
    func unknown(host: String) {
        for path in ["/status", "/nothing"] {
            guard case .failure(.host) = judge("GET", path, [("Host", host)]) else {
                Issue.record("\(host) \(path)")
                continue
            }
        }
        let local = AdminRules(isOnNetwork: false)
        #expect(judge("GET", "/status", [("Host", host)], by: local) == .success(.status))
    }

    @Test("nothing is told to a page of another site, and no page gives orders")
    func browsers() {
        #expect(judge("GET", "/metrics", [("Sec-Fetch-Site", "cross-site")]) == .failure(.browser))
        #expect(judge("GET", "/metrics", [("Sec-Fetch-Site", "none")]) == .success(.metrics))
        for site in ["cross-site", "same-site", "same-origin"] {
            #expect(
                judge("POST", "/reload", [("Sec-Fetch-Site", site)], by: AdminRules()) == .failure(.browser))
        }
    }

    @Test("orders over a network need the token")
    func token() {
        for value in ["Bearer secret", "bearer secret"] {
            #expect(judge("POST", "/reload", [("Authorization", value)]) == .success(.reload))
        }
        for value in ["Bearer secre", "Bearer secret2", "Basic secret", "secret", "Bearer", "Bearer  secreT"]
        {
            #expect(judge("POST", "/reload", [("Authorization", value)]) == .failure(.token), "\(value)")
        }
        #expect(judge("POST", "/reload", []) == .failure(.token))
        #expect(
            judge("POST", "/reload", [("Authorization", "Bearer secret"), ("Authorization", "Bearer x")])
                == .failure(.token))
        #expect(judge("GET", "/status", []) == .success(.status))
        var local = rules
        local.isOnNetwork = false
        #expect(judge("POST", "/reload", [], by: local) == .success(.reload))
    }
}
