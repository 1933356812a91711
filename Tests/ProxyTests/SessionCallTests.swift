import Access
import HTTPProtocol
import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("What is asked of sessions")
struct SessionCallTests {
    private func judge(
        _ method: String, _ target: String, _ body: String = "", fields: [(String, String)] = []
    ) -> Result<AdminCall, AdminRefusal> {
        var all = HeaderFields()
        for (name, value) in fields { all.append(name, value) }
        let head = RequestHead(
            method: method, target: (try? RequestTarget(text: target)) ?? .root, fields: all)
        return Result { () throws(AdminRefusal) in
            try AdminCall.judge(
                AdminRequest(head: head, body: Array(body.utf8)), by: AdminRules(), now: 1000)
        }
    }

    private let id = SessionID(worker: 1, number: 0xAB)

    @Test("lists, with what they are filtered by")
    func lists() {
        let most = SessionCall.defaultLimit
        #expect(judge("GET", "/sessions") == .success(.sessions(.list(SessionFilter(), limit: most))))
        var filter = SessionFilter()
        filter.route = "chat"
        filter.subject = "a b"
        filter.state = .open
        filter.olderThan = .seconds(60)
        filter.client = .init("10.0.0.0/8")
        let query = "route=chat&subject=a+b&state=open&older_than=1m&client=10.0.0.0%2f8&limit=7"
        #expect(judge("GET", "/sessions?" + query) == .success(.sessions(.list(filter, limit: 7))))
        #expect(judge("POST", "/sessions") == .failure(.method(allowed: "GET, HEAD")))
    }

    @Test("orders about one session")
    func ones() {
        #expect(judge("GET", "/sessions/1-ab") == .success(.sessions(.show(id))))
        #expect(judge("DELETE", "/sessions/1-ab") == .success(.sessions(.end(id, .init()))))
        let words = CloseWords(code: CloseCode(rawValue: 4000), reason: "go away")
        #expect(
            judge("DELETE", "/sessions/1-ab?code=4000&reason=go%20away")
                == .success(.sessions(.end(id, words))))
        #expect(
            judge("PUT", "/sessions/1-ab/token", "t.o.k")
                == .success(.sessions(.renew(id, token: Array("t.o.k".utf8)))))
        #expect(judge("GET", "/sessions/1-ab/token") == .failure(.method(allowed: "PUT")))
        #expect(judge("PUT", "/sessions/1-ab") == .failure(.method(allowed: "GET, HEAD, DELETE")))
        for path in [
            "/sessions/1", "/sessions/x-1", "/sessions/1-AB", "/sessions/1-ab/", "/sessions/1-ab/t/x",
            "/sessions/",
        ] {
            #expect(judge("GET", path) == .failure(.notFound), "\(path)")
        }
    }

    @Test("orders about many name them")
    func many() {
        var filter = SessionFilter()
        filter.subject = "ada"
        #expect(
            judge("POST", "/sessions/close?subject=ada&rate=5")
                == .success(.sessions(.close(filter, .init(), rate: 5))))
        #expect(
            judge("POST", "/sessions/send?subject=ada", "hi")
                == .success(.sessions(.send(filter, .init(payload: Array("hi".utf8), isText: true)))))
        #expect(
            judge("POST", "/sessions/send?subject=ada&type=binary", "hi")
                == .success(.sessions(.send(filter, .init(payload: Array("hi".utf8), isText: false)))))
        let binary = [("Content-Type", "application/octet-stream")]
        #expect(
            judge("POST", "/sessions/send?subject=ada", "hi", fields: binary)
                == .success(.sessions(.send(filter, .init(payload: Array("hi".utf8), isText: false)))))
    }

    @Test(
        "an order that can be misunderstood is refused",
        arguments: [
            ("GET", "/sessions?limit=0"), ("GET", "/sessions?limit=x"), ("GET", "/sessions?state=sad"),
            ("GET", "/sessions?older_than=long"), ("GET", "/sessions?subjet=a"),
            ("GET", "/sessions/1-ab?x=y"),
            ("POST", "/sessions/close"), ("POST", "/sessions/close?code=4000"), ("POST", "/sessions/send"),
            ("POST", "/sessions/close?subject=a&code=1005"), ("POST", "/sessions/close?subject=a&code=99"),
            ("POST", "/sessions/close?subject=a&rate=0"), ("POST", "/sessions/send?subject=a&type=jpeg"),
            ("POST", "/sessions/close?subject=a&subject=b"), ("PUT", "/sessions/1-ab/token"),
            ("DELETE", "/sessions/1-ab?reason=" + String(repeating: "x", count: 124)),
            ("POST", "/revocations"), ("POST", "/revocations?subject=a&for=0"),
            ("POST", "/revocations?issued_before=then"), ("DELETE", "/revocations?subject=a&for=1h"),
        ])
    func refused(method: String, target: String) {
        guard case .failure(.query) = judge(method, target) else {
            Issue.record("\(method) \(target) was taken")
            return
        }
    }

    @Test("revocations come in a query, a form or JSON")
    func revocations() throws {
        let ada = try #require(Revocation(subject: "ada", issuedBefore: 1000))
        let expected = AdminCall.revocations(.add(ada, lasting: 60))
        #expect(judge("POST", "/revocations?subject=ada&issued_before=now&for=1m") == .success(expected))
        #expect(judge("POST", "/revocations", "subject=ada&issued_before=1000&for=1m") == .success(expected))
        let json = "{\"subject\": \"ada\", \"issued_before\": 1000, \"for\": \"1m\"}"
        #expect(judge("POST", "/revocations", json) == .success(expected))
        #expect(
            judge("DELETE", "/revocations?subject=ada&issued_before=1000")
                == .success(.revocations(.remove(ada))))
        #expect(judge("GET", "/revocations") == .success(.revocations(.list)))
    }

    @Test("none is taken from a browser's page, nor without the token")
    func trust() {
        let page = [("Origin", "https://a.example")]
        #expect(judge("GET", "/sessions", fields: page) == .failure(.browser))
        #expect(judge("POST", "/revocations?subject=a", fields: page) == .failure(.browser))
        let head = RequestHead(
            method: "GET", target: (try? RequestTarget(text: "/sessions")) ?? .root, fields: HeaderFields())
        let rules = AdminRules(token: "secret")
        #expect(throws: AdminRefusal.token) {
            try AdminCall.judge(AdminRequest(head: head), by: rules, now: 0)
        }
    }
}
