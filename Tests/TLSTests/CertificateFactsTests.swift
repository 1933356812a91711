import TLS
import Testing

@Suite("What certificates say of themselves")
struct CertificateFactsTests {
    @Test("times, numbers and fingerprints")
    func facts() throws {
        let certificate = try Certificate.selfSigned(names: "DNS:a.example", days: 10)
        #expect(certificate.notAfter - certificate.notBefore == 10 * 86_400 + 300)
        #expect((10 * 86_400 - 60...10 * 86_400).contains(certificate.untilExpiry.components.seconds))
        #expect(certificate.der.starts(with: [0x30, 0x82]))
        #expect(certificate.fingerprint.count == 64 && certificate.fingerprint.allSatisfy(\.isHexDigit))
        #expect(try Certificate.selfSigned().fingerprint != certificate.fingerprint)
        #expect((1...9).contains(certificate.serial.count))
        #expect(certificate.isSelfSigned && !certificate.mustStaple)
        #expect(certificate.authorityKey == [])
    }

    @Test("another staple makes another certificate of the same")
    func staple() throws {
        let certificate = try Certificate.selfSigned(names: "DNS:*.a.example")
        let stapled = Certificate(certificate, staple: [1, 2, 3])
        #expect(stapled.staple == [1, 2, 3] && certificate.staple == [])
        #expect(stapled.fingerprint == certificate.fingerprint)
        #expect(stapled.matches("b_c.a.example") && stapled.keyFits)
    }
}
