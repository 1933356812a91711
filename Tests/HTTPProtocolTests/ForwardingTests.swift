import HTTPProtocol
import Testing

@Suite("Forwarding")
struct ForwardingTests {
    private func applied(_ client: String, isSecure: Bool = false, to before: HeaderFields) -> HeaderFields {
        var after = before
        Forwarding(client: client, isSecure: isSecure, requestID: "id").apply(to: &after)
        return after
    }

    private static let said = fields(
        ("Host", "a"), ("X-Forwarded-For", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2"),
        ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "public"), ("Forwarded", "for=1.1.1.1"),
        ("X-Forwarded-Port", "444"), ("X-Forwarded-Prefix", "/outer/"), ("X-Forwarded-User", "u"),
        ("Client-Cert", ":x:"), ("X-Real-IP", "3.3.3.3"), ("X-Request-Id", "theirs"))

    @Test("a stranger's word is replaced")
    func replaces() {
        #expect(
            applied("10.0.0.2", isSecure: true, to: Self.said)
                == fields(
                    ("Host", "a"), ("X-Forwarded-For", "10.0.0.2"), ("X-Real-IP", "10.0.0.2"),
                    ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a"),
                    ("Forwarded", "for=10.0.0.2;proto=https;host=a"), ("X-Request-Id", "id")))
    }

    private func believed(
        _ said: HeaderFields, _ connection: Forwarding.Connection, prefix: String? = nil
    ) -> HeaderFields {
        var (client, left) = known("10.0.0.2", saying: said, trusting: ["10.0.0.2"])
        Forwarding(client, over: connection, requestID: "id", prefix: prefix).apply(to: &left)
        return left
    }

    @Test("a trusted peer's is extended")
    func extends() {
        #expect(
            believed(Self.said, .init(isSecure: false, port: 8080), prefix: "/inner")
                == fields(
                    ("Host", "a"), ("X-Forwarded-User", "u"), ("Client-Cert", ":x:"),
                    ("X-Forwarded-For", "1.1.1.1, 2.2.2.2, 10.0.0.2"), ("X-Real-IP", "2.2.2.2"),
                    ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "public"),
                    ("X-Forwarded-Port", "444"), ("X-Forwarded-Prefix", "/outer/inner"),
                    ("Forwarded", "for=1.1.1.1, for=10.0.0.2;proto=http;host=a"), ("X-Request-Id", "id")))
    }

    @Test("what it says wrongly is replaced, an open quote and all behind it")
    func malformed() {
        let said = fields(
            ("Host", "a"), ("Forwarded", "for=1.1.1.1;x=\""), ("X-Forwarded-Proto", "a b"),
            ("X-Forwarded-Host", "a/b"), ("X-Forwarded-Port", "x"), ("X-Forwarded-Prefix", "//x"))
        #expect(
            believed(said, .init(isSecure: true, port: 443))
                == fields(
                    ("Host", "a"), ("X-Forwarded-For", "10.0.0.2"), ("X-Real-IP", "10.0.0.2"),
                    ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a"), ("X-Forwarded-Port", "443"),
                    ("Forwarded", "for=10.0.0.2;proto=https;host=a"), ("X-Request-Id", "id")))
    }

    @Test("where clients are asked for certificates nobody else tells of one")
    func certificates() {
        let after = believed(Self.said, .init(isSecure: true, asksForCertificates: true))
        #expect(!after.contains("client-cert") && after.contains("x-forwarded-user"))
    }

    @Test("for many clients nothing is told of one, but what tells them apart")
    func shared() {
        var after = fields(("Host", "a"), ("Cookie", "c"), ("Authorization", "b"), ("X-App", "1"))
        let certificate = ForwardedCertificate(der: [1], fingerprint: [2], subject: "CN=a")
        let forwarding = Forwarding(
            client: "192.0.2.1", isSecure: true, requestID: "id", certificate: certificate
        )
        .shared(tellingApartBy: ["authorization", "x-real-ip"])
        forwarding.apply(to: &after)
        #expect(
            after
                == fields(
                    ("Host", "a"), ("Authorization", "b"), ("X-App", "1"), ("X-Real-IP", "192.0.2.1"),
                    ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a"), ("X-Request-Id", "id")))
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
