import HTTPProtocol
import Testing

@Suite("Hop-by-hop fields")
struct HopByHopTests {
    private let all = fields(
        ("Connection", "X-Mine, Content-Length, host"), ("X-Mine", "1"), ("Host", "a"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "1"), ("Proxy-Anything", "x"), ("TE", "y"), ("X-App", "z"))

    @Test("go, with those that Connection names, but never Host")
    func removed() {
        #expect(HopByHop.removed(from: all) == fields(("Host", "a"), ("X-App", "z")))
    }

    @Test("what delimits a body stays when the body is passed on")
    func framing() {
        #expect(
            HopByHop.removed(from: all, keepingFraming: true)
                == fields(
                    ("Host", "a"), ("Transfer-Encoding", "chunked"), ("Content-Length", "1"), ("X-App", "z")))
    }

    @Test("a backend's refusal is passed on and ends the connection")
    func refusal() {
        let head = ResponseHead(
            status: 401, reason: "Who",
            fields: fields(("Connection", "keep-alive"), ("WWW-Authenticate", "Basic")))
        #expect(
            text(head.forwardedAsRefusal)
                == "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nConnection: close\r\n\r\n")
    }
}
