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

}
