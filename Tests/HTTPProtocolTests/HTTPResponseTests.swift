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

    @Test("of status 204 and 304 have neither length nor body (RFC 9110, 8.6)", arguments: [204, 304])
    func bodiless(status: Int) {
        let response = HTTPResponse(status: status, body: "x", keepsAlive: true)
        #expect(text(response.encoded).hasPrefix("HTTP/1.1 \(status) "))
        #expect(text(response.encoded).hasSuffix("\r\n\r\n") && !text(response.encoded).contains("Content-"))
    }
}
