import Testing

@testable import Proxy

@Suite("Answers that are owed")
struct OwedAnswersTests {
    @Test("each order gets its own answer, once")
    func once() {
        var owed = OwedAnswers()
        var given: [String] = []
        let first = owed.add { given.append("first \($0.status)") }
        let second = owed.add { given.append("second \($0.status)") }
        owed.take(second)?(AdminResponse(200, ""))
        owed.take(second)?(AdminResponse(202, ""))
        owed.take(first)?(AdminResponse(502, ""))
        #expect(given == ["second 200", "first 502"])
    }

    @Test("of an order that nobody has given there is none")
    func unknown() {
        var owed = OwedAnswers()
        let isKnown = owed.take(7) != nil
        #expect(!isKnown)
    }
}
