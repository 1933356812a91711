import HTTPProtocol
import Testing

@Suite("Body framing")
struct BodyFramingTests {
    @Test("is none, a length or chunked")
    func kinds() throws {
        #expect(try BodyFraming(HeaderFields()) == .none)
        #expect(try BodyFraming(fields(("content-length", "0"))) == .length(0))
        #expect(try BodyFraming(fields(("Content-Length", "9223372036854775807"))) == .length(Int.max))
        #expect(try BodyFraming(fields(("Transfer-Encoding", "Chunked"))) == .chunked)
        let head = RequestHead(method: "POST", target: "/", fields: fields(("Content-Length", "12")))
        #expect(try head.bodyFraming == .length(12))
    }

    @Test("what could be read in two ways is an error")
    func ambiguous() {
        #expect(throws: HeadError.conflictingLengths) {
            try BodyFraming(fields(("Content-Length", "1"), ("Transfer-Encoding", "chunked")))
        }
        #expect(throws: HeadError.badContentLength) {
            try BodyFraming(fields(("Content-Length", "1"), ("Content-Length", "1")))
        }
        #expect(throws: HeadError.badTransferEncoding) {
            try BodyFraming(fields(("Transfer-Encoding", "chunked, identity")))
        }
    }
}
