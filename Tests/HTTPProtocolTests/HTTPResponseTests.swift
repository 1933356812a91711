import HTTPProtocol
import Testing

@Suite("Responses of our own")
struct HTTPResponseTests {
    @Test("have a length, a type and the connection's end")
    func response() {
        let response = HTTPResponse(
            status: 200, body: "é\n", contentType: "text/html", fields: [.init("Retry-After", "3")])
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\nRetry-After: 3\r\nConnection: close\r\n\r\n"
        #expect(text(response.encoded) == head + "é\n")
        #expect(text(response.encodedHead) == head)
    }
}
