import HTTPProtocol
import Testing

@Suite("Heads")
struct HeadsTests {
    @Test("are written as they stand")
    func writes() {
        var bytes = Array("before ".utf8)
        RequestHead(method: "GET", target: "/a?b", minorVersion: 0, fields: fields(("hOst", "a"))).write(
            into: &bytes)
        #expect(text(bytes) == "before GET /a?b HTTP/1.0\r\nhOst: a\r\n\r\n")
        bytes = []
        ResponseHead(status: 204, reason: "", fields: HeaderFields()).write(into: &bytes)
        #expect(text(bytes) == "HTTP/1.1 204 \r\n\r\n")
    }
}
