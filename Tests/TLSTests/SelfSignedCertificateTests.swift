import TLS
import Testing

@Suite("Certificates made in memory")
struct SelfSignedCertificateTests {
    @Test("one names localhost and is valid for its days")
    func names() throws {
        let certificate = try Certificate.selfSigned(days: 3)
        #expect(certificate.matches("localhost") && !certificate.matches("example.org"))
        #expect((2 * 86_400...3 * 86_400).contains(certificate.untilExpiry.components.seconds))
        #expect(certificate.pem.hasPrefix("-----BEGIN CERTIFICATE-----"))
    }

    @Test("other names may be asked for, and no two are the same")
    func others() throws {
        let first = try Certificate.selfSigned(names: "DNS:*.a.example,DNS:b.example")
        #expect(first.matches("x.a.example") && first.matches("b.example") && !first.matches("localhost"))
        #expect(try Certificate.selfSigned().pem != (try Certificate.selfSigned().pem))
    }

    @Test("names that OpenSSL doesn't understand are an error")
    func badNames() {
        #expect(throws: TLSError.self) { try Certificate.selfSigned(names: "NAME:x") }
        #expect(throws: TLSError.self) { try Certificate.selfSigned(names: "IP:1.2.3") }
    }
}
