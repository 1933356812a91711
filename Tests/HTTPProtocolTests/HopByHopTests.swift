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

    @Test("some are of one connection whatever it names")
    func ofConnection() {
        for name in ["connection", "te", "upgrade", "proxy-connection", "http2-settings", "TE"] {
            #expect(HopByHop.isOfConnection(name))
        }
        for name in ["host", "proxy-authorization", "content-length", "te ", ""] {
            #expect(!HopByHop.isOfConnection(name))
        }
    }

    @Test("Connection strips nothing that says who a client is")
    func claims() {
        let said = fields(
            ("Connection", "X-Forwarded-For, X-Real-IP, X-App"), ("X-Forwarded-For", "1"), ("X-App", "z"))
        #expect(HopByHop.removed(from: said) == fields(("X-Forwarded-For", "1")))
    }

    @Test("trailers say nothing that comes too late, nor who somebody is")
    func trailers() {
        let sent = fields(
            ("Client-Cert", ":x:"), ("client_cert", ":x:"), ("X-Forwarded-For", "1"), ("X-Real-Ip", "1"),
            ("Authorization", "x"), ("Cookie", "x"), ("Host", "x"), ("Content_Length", "1"), ("Trailer", "x"),
            ("Proxy-Status", "x"), ("Sec-WebSocket-Key", "x"), ("Transfer_Encoding", "x"), ("Ok", "yes"),
            ("my_sum", "1"))
        #expect(HopByHop.allowedTrailers(sent) == fields(("Ok", "yes"), ("my_sum", "1")))
        #expect(HopByHop.allowedTrailers(sent, underscores: .drop) == fields(("Ok", "yes")))
    }
}
