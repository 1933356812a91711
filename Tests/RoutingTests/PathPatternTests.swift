import Routing
import Testing

@Suite("Path patterns")
struct PathPatternTests {
    @Test("the whole path must match")
    func anchored() throws {
        let pattern = try #require(PathPattern("/v[12]/(chat|feed)"))
        #expect(pattern.accepts("/v1/chat") && pattern.accepts("/v2/feed"))
        #expect(
            !pattern.accepts("/v3/chat") && !pattern.accepts("/v1/chat/") && !pattern.accepts("x/v1/chat"))
    }

    @Test("a text that is none, and a path that is too long")
    func bounds() throws {
        #expect(PathPattern("/(") == nil)
        let any = try #require(PathPattern(".*"))
        #expect(any.accepts("/" + String(repeating: "a", count: PathPattern.longestPath - 1)))
        #expect(!any.accepts("/" + String(repeating: "a", count: PathPattern.longestPath)))
    }
}
