import Patterns
import Routing
import Testing

@Suite("Path patterns")
struct PathPatternTests {
    @Test("the whole path must match")
    func anchored() throws {
        let pattern = PathPattern("/v[12]/(chat|feed)")
        #expect(try pattern.accepts("/v1/chat") && pattern.accepts("/v2/feed"))
        #expect(
            try !pattern.accepts("/v3/chat") && !pattern.accepts("/v1/chat/")
                && !pattern.accepts("x/v1/chat"))
    }

    @Test("a text that is no pattern lets nothing through")
    func none() {
        #expect(throws: PatternLimitReached()) { try PathPattern("/(").accepts("/") }
    }
}
