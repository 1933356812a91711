import TLS
import Testing

@Suite("Certificates")
struct CertificateTests {
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
