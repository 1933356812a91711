import Testing

@testable import EventLoop

struct HeapTrimTests {
    private static let least = HeapTrim.least

    /// What is held, one after the other, and for each whether a look is planned.
    private func planned(_ held: [Int], by trim: inout HeapTrim) -> [Bool] {
        var answers: [Bool] = []
        for bytes in held { answers.append(trim.holds(bytes)) }
        return answers
    }

    @Test func aLargeDropIsLookedAtOnceAndTrimmedWhereItStays() {
        var trim = HeapTrim()
        let least = Self.least
        #expect(planned([3 * least, 2 * least + 1, 2 * least, 0], by: &trim) == [false, false, true, false])
        let isDue = trim.isDue(0)
        #expect(isDue)
        // Nothing was held since.
        #expect(planned([0, least, 0], by: &trim) == [false, false, true])
    }

    @Test func whatIsHeldAgainIsNoDrop() {
        var trim = HeapTrim()
        #expect(planned([2 * Self.least, 0], by: &trim) == [false, true])
        let isDueMeanwhile = trim.isDue(2 * Self.least)
        #expect(!isDueMeanwhile)
        #expect(planned([0], by: &trim) == [true])
        let isDue = trim.isDue(0)
        #expect(isDue)
    }

    @Test func littleIsNotWorthIt() {
        var trim = HeapTrim()
        let answers = planned((0..<200).map { $0 % 2 == 0 ? Self.least - 1 : 0 }, by: &trim)
        #expect(!answers.contains(true))
    }
}
