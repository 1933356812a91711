import HTTPProtocol
import Testing

@Suite("Head errors")
struct HeadErrorTests {
    @Test("have a status and one line with the limit in it")
    func words() {
        #expect(HeadError.tooLarge(limit: 16_384).reason == "head larger than 16384 bytes")
        #expect(HeadError.tooManyFields(limit: 100).reason == "more than 100 header fields")
        #expect(HeadError.badVersion.status == 505)
        for bad in BadHead.all { #expect(!bad.error.reason.isEmpty && !bad.error.reason.contains("\n")) }
    }
}
