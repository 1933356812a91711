import Access
import Testing

struct QueryTextTests {
    @Test("values of named parameters are masked, however the name is spelled")
    func masked() {
        #expect(QueryText.masked("a=1&token=x&b", names: ["token"]) == "a=1&token=***&b")
        #expect(QueryText.masked("tok%65n=x=y", names: ["token"]) == "tok%65n=***")
        #expect(QueryText.masked("token", names: ["token"]) == "token=***")
        #expect(QueryText.masked("tokens=x", names: ["token"]) == "tokens=x")
        #expect(QueryText.masked("token=x", names: []) == "token=x")
    }

    @Test("the same of targets")
    func targets() {
        #expect(QueryText.masked(target: "/token=1?token=2", names: ["token"]) == "/token=1?token=***")
        #expect(QueryText.masked(target: "/a", names: ["token"]) == "/a")
        #expect(QueryText.masked(target: "/a?", names: ["token"]) == "/a?")
    }
}
