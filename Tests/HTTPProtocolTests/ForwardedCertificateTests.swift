import HTTPProtocol
import Testing

@Suite("Forwarded certificates")
struct ForwardedCertificateTests {
    private func forwarded(_ certificate: ForwardedCertificate?) -> HeaderFields {
        var fields = HeaderFields()
        for name in ["Client-Cert", "client-cert-chain", "X-Forwarded-Client-Cert"] {
            fields.append(name, "forged")
        }
        Forwarding(client: "192.0.2.1", isSecure: true, requestID: "1", certificate: certificate)
            .apply(to: &fields)
        return fields
    }

    @Test("what a client says of itself never passes")
    func strips() {
        let fields = forwarded(nil)
        #expect(fields.all("client-cert").isEmpty && fields.all("client-cert-chain").isEmpty)
        #expect(fields.all("x-forwarded-client-cert").isEmpty)
    }

    @Test("a verified certificate is told in full and in short, quotes escaped and line ends left out")
    func tells() {
        let fields = forwarded(
            ForwardedCertificate(der: [1, 2, 3], fingerprint: [0xAB, 0x01], subject: "CN=a\"b\\\r\nX: y"))
        #expect(fields.all("client-cert") == [":AQID:"])
        #expect(fields.all("x-forwarded-client-cert") == ["Hash=ab01;Subject=\"CN=a\\\"b\\\\X: y\""])
    }
}
