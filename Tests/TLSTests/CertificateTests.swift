import TLS
import Testing

@Suite("Certificates")
struct CertificateTests {
    @Test("a self-signed one names localhost and is valid for its days")
    func selfSigned() throws {
        let certificate = try Certificate.selfSigned(days: 3)
        #expect(certificate.matches("localhost"))
        #expect(!certificate.matches("example.org"))
        #expect((2 * 86_400...3 * 86_400).contains(certificate.secondsUntilExpiry))
        #expect(certificate.pem.hasPrefix("-----BEGIN CERTIFICATE-----"))
    }

    @Test("text that is no certificate, and a missing key, say so")
    func bad() throws {
        #expect(throws: TLSError.setup("no certificate in PEM form found")) {
            try Certificate(certificatePEM: Array("nonsense".utf8), keyPEM: [])
        }
        let pem = Array(try Certificate.selfSigned().pem.utf8)
        #expect(throws: TLSError.self) {
            try Certificate(certificatePEM: pem, keyPEM: Array("nonsense".utf8))
        }
    }
}
