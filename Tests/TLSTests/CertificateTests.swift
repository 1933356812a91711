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

    @Test("a wildcard stands for one label, which may have an underscore")
    func names() throws {
        let certificate = try Certificate.selfSigned(names: "DNS:a.example,DNS:*.Rooms.example,IP:127.0.0.1")
        for host in ["a.example", "b.rooms.example", "under_score.rooms.example", "_.rooms.example"] {
            #expect(certificate.matches(host), "\(host)")
        }
        for host in [
            "a_b.example", "rooms.example", ".rooms.example", "a.b_c.rooms.example", "b_.c.rooms.example",
            "a_ .rooms.example",
            "a_b.rooms.example.evil", "",
        ] {
            #expect(!certificate.matches(host), "\(host)")
        }
    }
}
