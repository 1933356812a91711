import Patterns
import Testing

@Suite("What is wrong with patterns")
struct PatternErrorTests {
    @Test("the two kinds are apart: one for who writes patterns, one for who asks")
    func kinds() {
        let error = #expect(throws: PatternError.self) { try Pattern("*") }
        #expect(error?.message.contains("quantifier does not follow") == true)
        #expect(PatternLimitReached() == PatternLimitReached())
    }
}
