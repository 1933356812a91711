import Configuration
import Testing

@testable import Proxy

@Suite("The name of a session")
struct ContinuityTermsTests {
    private struct Numbers: RandomNumberGenerator {
        var numbers: [UInt64]
        mutating func next() -> UInt64 { numbers.removeFirst() }
    }

    @Test("is 32 digits, and read again")
    func digits() {
        var random = Numbers(numbers: [0, .max, 0xab, 1 << 60])
        let first = ContinuityName(using: &random)
        #expect(first.description == "0000000000000000ffffffffffffffff")
        let second = ContinuityName(using: &random)
        #expect(second.description == "00000000000000ab1000000000000000")
        for name in [first, second] { #expect(ContinuityName(name.description) == name) }
    }

    @Test("one backend has a third of the time for which the client waits")
    func patience() {
        for (within, expected) in [(Duration.seconds(15), Duration.seconds(5)), (.zero, nil)] {
            var random = Numbers(numbers: [1, 2])
            var rules = ContinuityConfiguration()
            rules.within = within
            let terms = ContinuityTerms(name: ContinuityName(using: &random), shared: ContinuityRules(rules))
            #expect(terms.answerPatience == expected)
        }
    }

    @Test("nothing else is one")
    func others() {
        for text in [
            "", "0", "+000000000000000ffffffffffffffff", "0000000000000000FFFFFFFFFFFFFFFF",
            "0000000000000000fffffffffffffffff", "000000000000000gffffffffffffffff",
        ] { #expect(ContinuityName(text) == nil) }
    }
}
