import HTTPProtocol
import Testing

@Suite("Body errors")
struct BodyErrorTests {
    @Test("each has one line, and a bad trailer that of its field")
    func reasons() {
        let all: [BodyError] = [.badChunkSize, .badChunkExtension, .badChunkEnd, .badTrailer(.badFieldName)]
        #expect(Set(all.map(\.reason)).count == all.count)
        for error in all { #expect(!error.reason.isEmpty && !error.reason.contains("\n")) }
        #expect(BodyError.badTrailer(.badFieldName).reason.hasSuffix(HeadError.badFieldName.reason))
    }
}
