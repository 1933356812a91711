import HTTPProtocol
import Testing

@testable import Proxy

@Suite("What is asked of the admin listener")
struct AdminCallTests {
    private func judge(_ method: String, _ target: String, origin: String? = nil) -> Result<
        AdminCall, AdminRefusal
    > {
        var fields = HeaderFields()
        if let origin { fields.append("Origin", origin) }
        let target = (try? RequestTarget(text: target)) ?? .root
        let head = RequestHead(method: method, target: target, fields: fields)
        return Result { () throws(AdminRefusal) in
            try AdminCall.judge(AdminRequest(head: head), by: AdminRules(), now: 0)
        }
    }

    @Test("pages are read")
    func pages() {
        #expect(judge("GET", "/") == .success(.index))
        #expect(judge("HEAD", "/metrics?x=y") == .success(.metrics))
        #expect(judge("GET", "/healthz") == .success(.health))
        #expect(judge("GET", "/readyz") == .success(.ready))
        #expect(judge("GET", "/status") == .success(.status))
        #expect(judge("POST", "/status") == .failure(.method(allowed: "GET, HEAD")))
        #expect(judge("GET", "/statu") == .failure(.notFound))
    }

    @Test("orders are given")
    func orders() {
        #expect(judge("POST", "/reload") == .success(.reload))
        #expect(judge("GET", "/reload") == .failure(.method(allowed: "POST")))
        #expect(judge("POST", "/drain?route=chat") == .success(.drain(.route("chat"), rate: 100)))
        #expect(judge("POST", "/drain?upstream=a&rate=7") == .success(.drain(.upstream("a"), rate: 7)))
        #expect(
            judge("POST", "/drain?backend=unix%3a%2Frun%2fa+b.sock&upstream=u")
                == .success(.drain(.backend("unix:/run/a b.sock", upstream: "u"), rate: 100)))
        #expect(judge("POST", "/wake?session=a1") == .success(.wake(session: "a1")))
        #expect(judge("POST", "/undrain?backend=x") == .success(.undrain(.backend("x", upstream: nil))))
    }

    @Test("all that is known stands in the list that `/` shows, and what stands there is known")
    func list() {
        let lines = AdminCall.list.split(separator: "\n").map { $0.split { " ?;|[".contains($0) } }
        var shown: Set<String> = ["/"]
        for words in lines where words.count > 1 && words[1].hasPrefix("/") {
            let path = String(words[1]).replacing("ID", with: "0-5f3a90")
            shown.insert(path)
            #expect(judge(String(words[0]), path) != .failure(.notFound), "\(path)")
        }
        #expect(AdminCall.paths.isSubset(of: shown), "\(AdminCall.paths.subtracting(shown))")
    }

    @Test("a browser's page gives none")
    func browsers() {
        #expect(judge("POST", "/reload", origin: "https://a.example") == .failure(.browser))
        #expect(judge("GET", "/status", origin: "https://a.example") == .success(.status))
    }

    @Test(
        "a query that can be misunderstood is refused",
        arguments: [
            "", "?", "?route=a&backend=b", "?route=a&upstream=b", "?route=a&route=a", "?rate=1", "?route=%4",
            "?route=%ff", "?route=a&rate=0", "?route=a&rate=-1", "?route=a&rate=1000001", "?route=a&rate=x",
            "?route=a&colour=red",
        ])
    func queries(query: String) {
        guard case .failure(.query) = judge("POST", "/drain" + query) else {
            Issue.record("\(query) was taken")
            return
        }
    }
}
