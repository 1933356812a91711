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
        #expect(throws: TLSError.key("no private key in PEM form found")) {
            try Certificate(certificatePEM: pem, keyPEM: Array("nonsense".utf8))
        }
        // Whatever is wrong with the key's text, it is the key's file that is told.
        let cut = TLSError.key("line 1: 'BEGIN PRIVATE KEY' has no end: the text is cut or garbled")
        #expect(throws: cut) {
            try Certificate(certificatePEM: pem, keyPEM: Array("-----BEGIN PRIVATE KEY-----\n".utf8))
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

    @Test("a chain whose second certificate is cut or garbled is refused, for CA bundles too")
    func strict() throws {
        let first = try Certificate.selfSigned().pem
        let second = try Certificate.selfSigned().pem
        let garbled = second.replacing("MII", with: "M!!", maxReplacements: 1)
        for tail in [String(second.prefix(300)), String(second.prefix(20)), garbled] {
            let pem = Array((first + tail).utf8)
            #expect(throws: TLSError.self) { try Certificate(certificatePEM: pem, keyPEM: []) }
            #expect(throws: TLSError.self) { try ClientTLSContext(serverName: "a", authorityPEM: pem) }
        }
        #expect(throws: Never.self) {
            try ClientTLSContext(serverName: "a", authorityPEM: Array((first + second).utf8))
        }
    }

    @Test("a certificate says whose it is, who signed it, and until when it holds")
    func facts() throws {
        let certificate = try Certificate.selfSigned(names: "IP:127.0.0.1,DNS:chat.example", days: 3)
        #expect(certificate.subject == "CN=localhost" && certificate.issuer == "CN=localhost")
        #expect(certificate.name == "chat.example" && certificate.keyFits)
        #expect((3 * 86_400 - 60...3 * 86_400).contains(certificate.untilExpiry.components.seconds))
        #expect(try Certificate.selfSigned(names: "IP:127.0.0.1").name == "CN=localhost")
    }
}
