import Testing

@testable import HTTPProtocol

@Suite("Request line")
struct RequestLineTests {
    private func parsed(_ text: String) throws -> RequestLine {
        var line = RequestLine()
        for byte in text.utf8 { try line.accept(byte) }
        try line.end()
        return line
    }

    @Test("has a method, a target and a version")
    func parts() throws {
        let line = try parsed("M-SEARCH /a%20b?c HTTP/1.0")
        #expect(text(line.method) == "M-SEARCH")
        #expect(text(line.target) == "/a%20b?c")
        #expect(line.minorVersion == 0)
        #expect(try parsed("GET / HTTP/1.1").minorVersion == 1)
    }

    @Test("a version that is none is malformed, an unknown one unsupported")
    func versions() {
        #expect(throws: HeadError.badRequestLine) { try parsed("GET / HTTP/1,1") }
        #expect(throws: HeadError.badRequestLine) { try parsed("GET / HTTP/x.1") }
        #expect(throws: HeadError.badRequestLine) { try parsed("") }
        #expect(throws: HeadError.badVersion) { try parsed("GET / HTTP/2.0") }
        #expect(throws: HeadError.badVersion) { try parsed("GET / HTTP/1.9") }
    }
}
