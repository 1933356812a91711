import HTTPProtocol
import Testing

@Suite("Whom to believe")
struct TrustedProxiesTests {
    private static let forged = fields(
        ("Host", "a"), ("X-Forwarded-For", "1.1.1.1"), ("X-Real-IP", "1.1.1.1"), ("X_Real_IP", "1.1.1.1"),
        ("Forwarded", "for=1.1.1.1"), ("X-Scheme", "https"), ("Client-Cert", ":x:"),
        ("X-Forwarded-User", "root"),
        ("Accept", "*/*"))

    @Test("whoever is not named says nothing of itself")
    func strangers() {
        for proxies in [[], ["10.0.0.0/8"], ["unix"]] {
            let (client, left) = known("192.0.2.1", saying: Self.forged, trusting: proxies)
            #expect(client.address == "192.0.2.1" && !client.isBelieved)
            #expect(left == fields(("Host", "a"), ("Accept", "*/*")))
        }
    }

    @Test("who is named is believed, in the usual spelling")
    func trusted() {
        let (client, left) = known("10.0.0.1", saying: Self.forged, trusting: ["10.0.0.0/8"])
        #expect(client.address == "1.1.1.1" && client.isBelieved)
        var expected = Self.forged
        expected.remove("x_real_ip")
        #expect(left == expected)
        #expect(known("unix:", saying: Self.forged, trusting: ["unix"]).client.address == "1.1.1.1")
    }

    @Test(
        "the client is the first that is not trusted, from the nearest on",
        arguments: [
            (["6.6.6.6, 1.2.3.4, 10.0.0.7"], "1.2.3.4"), (["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
            (["10.0.0.9, 10.0.0.8"], "10.0.0.9"), (["1.2.3.4:5678"], "1.2.3.4"),
            (["[2001:DB8::1]:443"], "2001:db8::1"), (["2001:DB8::1"], "2001:db8::1"),
            (["::ffff:1.2.3.4"], "1.2.3.4"), (["1.2.3.4, unknown"], "10.0.0.1"), (["1.2.3.4, "], "1.2.3.4"),
            (["1.2.3.4, _x, 10.0.0.3"], "10.0.0.3"), ([], "10.0.0.1"), (["1.2.3.4, [::1"], "10.0.0.1"),
        ])
    func chain(values: [String], address: String) {
        var said = HeaderFields()
        for value in values { said.append("X-Forwarded-For", value) }
        #expect(known("10.0.0.1", saying: said, trusting: ["10.0.0.0/8"]).client.address == address)
    }

    @Test(
        "Forwarded says it where it stands alone",
        arguments: [
            ("for=1.2.3.4, for=10.0.0.5;proto=https", "1.2.3.4"), ("for=\"[2001:db8::1]:80\"", "2001:db8::1"),
            ("proto=https", "10.0.0.1"), ("for=1.2.3.4;x=\"", "10.0.0.1"), ("for=_hidden", "10.0.0.1"),
        ])
    func forwarded(value: String, address: String) {
        let said = fields(("Forwarded", value))
        #expect(known("10.0.0.1", saying: said, trusting: ["10.0.0.0/8"]).client.address == address)
    }

    @Test("underscores are dropped or pass, but not where they forge")
    func underscores() {
        let said = fields(("X_Real_IP", "1.1.1.1"), ("my_field", "1"))
        #expect(known("192.0.2.1", saying: said).fields == HeaderFields())
        #expect(known("192.0.2.1", saying: said, underscores: .pass).fields == fields(("my_field", "1")))
        let trusted = known("10.0.0.1", saying: said, trusting: ["10.0.0.1"], underscores: .pass)
        #expect(trusted.fields == fields(("my_field", "1")))
    }

    @Test("a trusted peer says whether its client came securely")
    func security() {
        let said = fields(("X-Forwarded-Proto", "https"))
        #expect(known("10.0.0.1", saying: said, trusting: ["10.0.0.1"]).client.cameSecurely)
        #expect(!known("10.0.0.2", saying: said, trusting: ["10.0.0.1"]).client.cameSecurely)
    }

    @Test("PROXY protocol headers count where nobody is named, or who sends them is")
    func proxyHeaders() {
        let named = TrustedProxies(
            ranges: [AddressRange("10.0.0.0/8")].compactMap { $0 }, trustsUnixSockets: false)
        #expect(KnownClient.believesProxyHeader(from: "192.0.2.1", TrustedProxies()))
        #expect(KnownClient.believesProxyHeader(from: "10.0.0.1", named))
        #expect(!KnownClient.believesProxyHeader(from: "192.0.2.1", named))
        #expect(!KnownClient.believesProxyHeader(from: "unix:", named))
    }
}
