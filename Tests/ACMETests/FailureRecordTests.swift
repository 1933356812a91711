import Testing

@testable import ACME

@Suite("Failures that are kept")
struct FailureRecordTests {
    private let record = FailureRecord(
        failures: 3, at: 1000, due: 1900, word: "validation", words: "no such host")

    @Test("what is kept is read again, for the same plan only")
    func same() {
        let bytes = record.encoded(plan: "p")
        #expect(FailureRecord(parsing: bytes, plan: "p") == record)
        #expect(FailureRecord(parsing: bytes, plan: "q") == nil)
        for length in bytes.indices {
            #expect(FailureRecord(parsing: Array(bytes[..<length]), plan: "p") == nil)
        }
    }

    @Test(
        "what is none says nothing",
        arguments: [
            "", "[]", "{}", #"{"plan":"p"}"#, #"{"plan":"p","failures":0,"at":1,"due":2}"#,
            #"{"plan":"p","failures":1e300,"at":1,"due":2}"#, #"{"plan":"p","failures":"1","at":1,"due":2}"#,
        ])
    func none(text: String) { #expect(FailureRecord(parsing: Array(text.utf8), plan: "p") == nil) }

    @Test("it counts until it is due, and not where a clock must have been wrong")
    func counts() {
        #expect(record.counts(at: 1000) && record.counts(at: 1899) && record.counts(at: 941))
        #expect(!record.counts(at: 1900) && !record.counts(at: 900))
    }
}
