import Testing

@testable import HTTPProtocol

@Suite("Head lines")
struct HeadLinesTests {
    @Test("stop behind the empty line and count what they took")
    func stops() throws {
        var lines = HeadLines<RequestLine>(HeadLimits())
        #expect(lines.isEmpty)
        let bytes = Array("GET / HTTP/1.1\r\nA: b\r\n\r\nGET".utf8)
        #expect(try lines.accept(bytes.span.extracting(0..<18)) == nil)
        #expect(!lines.isEmpty)
        #expect(lines.fields.count == 0)
        #expect(try lines.accept(bytes.span.extracting(18..<bytes.count)) == 6)
        #expect(lines.fields == fields(("A", "b")))
    }

    @Test("the limits are checked before a byte is kept")
    func limits() {
        var lines = HeadLines<RequestLine>(HeadLimits(bytes: 3, fields: 0))
        let bytes = Array("GET ".utf8)
        #expect(throws: HeadError.tooLarge(limit: 3)) { try lines.accept(bytes.span) }
        #expect(lines.first.method == Array("GET".utf8))
    }
}
