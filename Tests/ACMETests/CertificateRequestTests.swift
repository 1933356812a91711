import ACME
import Access
import Testing

@Suite("Certificate requests")
struct CertificateRequestTests {
    @Test("names stand in it, as does the wish for an OCSP response")
    func names() throws {
        let key = try PrivateKey(generating: .p256)
        let plain = try CertificateRequest(names: ["a.example", "*.b.example"], key: key)
        #expect(plain.der.starts(with: [0x30]))
        let text = String(decoding: plain.der, as: UTF8.self)
        #expect(text.contains("a.example") && text.contains("*.b.example"))
        let stapled = try CertificateRequest(names: ["a.example"], key: key, mustStaple: true)
        // 1.3.6.1.5.5.7.1.24 (RFC 7633).
        let feature: [UInt8] = [0x2B, 6, 1, 5, 5, 7, 1, 24]
        #expect(stapled.der.indices.contains { stapled.der[$0...].starts(with: feature) })
        #expect(!plain.der.indices.contains { plain.der[$0...].starts(with: feature) })
    }

    @Test("nothing but names gets into it", arguments: ["", "a b", "a,DNS:b", "a:b", "é.example", "a\n"])
    func injection(_ name: String) throws {
        let key = try PrivateKey(generating: .p256)
        #expect(throws: ACMEError.self) { try CertificateRequest(names: [name], key: key) }
        #expect(throws: ACMEError.self) { try ChallengeCertificate(name: name, keyAuthorization: "x") }
    }

    @Test("a challenge's certificate carries the proof's digest, critical")
    func challenge() throws {
        let certificate = try ChallengeCertificate(name: "a.example", keyAuthorization: "token.print")
        _ = try PrivateKey(pem: certificate.keyPEM)
        let lines = String(decoding: certificate.pem, as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("-") }
        let text = lines.joined().replacing("+", with: "-").replacing("/", with: "_")
        let der = try #require(Base64URL.decode(text.filter { $0 != "=" }))
        let digest = Digest.sha256(Array("token.print".utf8))
        let expected: [UInt8] = [0x2B, 6, 1, 5, 5, 7, 1, 31, 1, 1, 0xFF, 4, 34, 4, 32] + digest
        #expect(der.indices.contains { der[$0...].starts(with: expected) })
    }
}
