import HTTPProtocol
import Testing

@Suite("A request as a backend gets it")
struct ForwardedRequestTests {
    private let forwarding = Forwarding(
        client: "192.0.2.7", isSecure: true, requestID: "id")

    private func forwarded(
        _ head: String, framing: BodyFraming = .none, target: RequestTarget = "/b?q"
    ) throws -> RequestHead {
        var parser = RequestHeadParser(limits: HeadLimits())
        let (parsed, _) = try #require(try parser.feed(Array(head.utf8).span))
        return parsed.forwarded(
            target: target, forwarding: forwarding, framing: framing, fallbackHost: "fallback")
    }

    @Test("what is of one connection stays behind; the target is the backend's")
    func hopByHop() throws {
        let head = try forwarded(
            "GET /a HTTP/1.1\r\nHost: a.example\r\nConnection: close, X-Own\r\nX-Own: 1\r\n"
                + "Keep-Alive: 5\r\nX-End: 2\r\n\r\n")
        #expect(head.method == "GET" && head.target == "/b?q")
        #expect(head.fields.first("host") == "a.example" && head.fields.first("x-end") == "2")
        for name in ["connection", "x-own", "keep-alive"] { #expect(!head.fields.contains(name)) }
    }

    @Test("the body has one framing, written anew")
    func framing() throws {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTrailer: X-Sum\r\n\r\n"
        let plain = try forwarded(text, framing: .length(7))
        #expect(plain.fields.all("content-length") == ["7"] && !plain.fields.contains("transfer-encoding"))
        let chunked = try forwarded(text, framing: .chunked)
        #expect(!chunked.fields.contains("content-length"))
        #expect(chunked.fields.all("transfer-encoding") == ["chunked"])
        #expect(chunked.fields.all("trailer") == ["X-Sum"])
        #expect(try !forwarded(text, framing: .none).fields.contains("content-length"))
    }

    @Test("a wish for trailers is passed on; HTTP/1.0 has none, nor Expect, and may lack a Host")
    func versions() throws {
        let new = try forwarded(
            "GET / HTTP/1.1\r\nHost: a\r\nTE: gzip, trailers\r\nExpect: 100-continue\r\n\r\n")
        #expect(new.fields.all("te") == ["trailers"] && new.fields.all("connection") == ["TE"])
        #expect(new.fields.first("expect") == "100-continue")
        let old = try forwarded("GET / HTTP/1.0\r\nTE: trailers\r\nExpect: 100-continue\r\n\r\n")
        #expect(!old.fields.contains("te") && !old.fields.contains("expect"))
        #expect(old.fields.first("host") == "fallback")
    }

    @Test("who keeps its connection (RFC 9112, 9.3), and what may be asked twice (RFC 9110, 9.2.2)")
    func properties() throws {
        for (line, field, keeps) in [
            ("GET / HTTP/1.1", "X: y", true), ("GET / HTTP/1.1", "Connection: close", false),
            ("GET / HTTP/1.1", "Connection: x, CLOSE", false), ("GET / HTTP/1.0", "X: y", false),
            ("GET / HTTP/1.0", "Connection: keep-alive", true),
            ("GET / HTTP/1.0", "Connection: keep-alive, close", false),
        ] {
            var parser = RequestHeadParser(limits: HeadLimits())
            let text = "\(line)\r\nHost: a\r\n\(field)\r\n\r\n"
            let (head, _) = try #require(try parser.feed(Array(text.utf8).span))
            #expect(head.keepsAlive == keeps, "\(line) \(field)")
        }
        for (method, isIdempotent) in [
            ("GET", true), ("HEAD", true), ("OPTIONS", true), ("PUT", true), ("DELETE", true),
            ("TRACE", true),
            ("POST", false), ("PATCH", false), ("get", false),
        ] {
            let head = RequestHead(method: method, target: "/", fields: fields())
            #expect(head.isIdempotent == isIdempotent, "\(method)")
        }
    }
}
