import HTTPProtocol
import Testing

@Suite("Forwarding")
struct ForwardingTests {
    private func applied(_ client: String, isSecure: Bool = false, to before: HeaderFields) -> HeaderFields {
        var after = before
        Forwarding(client: client, isSecure: isSecure, requestID: "id").apply(to: &after)
        return after
    }

    @Test("addresses are appended to what came, the rest replaces it")
    func appends() {
        let after = applied(
            "10.0.0.2", isSecure: true,
            to: fields(
                ("Host", "a"), ("X-Forwarded-For", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2"),
                ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "forged"), ("Forwarded", "for=1.1.1.1"),
                ("X-Request-Id", "theirs")))
        #expect(
            after
                == fields(
                    ("Host", "a"), ("X-Forwarded-For", "1.1.1.1, 2.2.2.2, 10.0.0.2"),
                    ("X-Forwarded-Proto", "https"),
                    ("X-Forwarded-Host", "a"), ("Forwarded", "for=1.1.1.1, for=10.0.0.2;proto=https;host=a"),
                    ("X-Request-Id", "id")))
    }

    @Test("IPv6 is quoted in brackets, a host with a port is quoted")
    func quoting() {
        let after = applied("2001:db8::1", to: fields(("Host", "a:80")))
        #expect(after.first("x-forwarded-for") == "2001:db8::1")
        #expect(after.first("forwarded") == "for=\"[2001:db8::1]\";proto=http;host=\"a:80\"")
        let zoned = applied("fe80::1%eth0", to: fields(("Host", "[::1]:80")))
        #expect(zoned.first("forwarded") == "for=\"[fe80::1]\";proto=http;host=\"[::1]:80\"")
    }

    @Test("a Unix socket has no address, and no Host gives no host")
    func unknown() {
        let after = applied("unix:", to: HeaderFields())
        #expect(after.first("x-forwarded-for") == "unknown")
        #expect(after.first("forwarded") == "for=unknown;proto=http")
        #expect(!after.contains("x-forwarded-host"))
    }

    @Test("a client's request id is kept when it is 1 to 128 visible characters of ASCII")
    func requestID() {
        let longest = String(repeating: "x", count: 128)
        for id in ["a", "~!{}", longest] {
            #expect(Forwarding.acceptableID(fields(("x-request-ID", id))) == id)
        }
        for id in ["", "a b", "é", longest + "x"] {
            #expect(Forwarding.acceptableID(fields(("X-Request-Id", id))) == nil)
        }
        #expect(Forwarding.acceptableID(HeaderFields()) == nil)
    }
}
