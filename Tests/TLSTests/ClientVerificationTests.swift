import TLS
import Testing

/// Clients that have a certificate are Python's and OpenSSL's: `Interop/test_client_certificates.py`.
@Suite("Clients' certificates")
struct ClientVerificationTests {
    private func pair(isRequired: Bool) throws -> TLSPair {
        let certificate = try Certificate.selfSigned()
        let pem = Array(certificate.pem.utf8)
        let server = try ServerTLSContext(
            certificates: [certificate],
            clients: ClientVerification(authorityPEM: pem, isRequired: isRequired))
        return try TLSPair(server, try ClientTLSContext(serverName: "localhost", authorityPEM: pem))
    }

    @Test("a client without one is let in where it is only asked")
    func requested() throws {
        let pair = try pair(isRequired: false)
        try pair.shakeHands()
        #expect(pair.server.isEstablished && pair.server.clientCertificate == nil)
    }

    @Test("and refused where one is required")
    func required() throws {
        let pair = try pair(isRequired: true)
        #expect(throws: TLSError.self) { try pair.shakeHands() }
        #expect(!pair.server.isEstablished)
    }

    @Test(
        "revocation lists that are none are an error",
        arguments: ["", "nonsense", "-----BEGIN X509 CRL-----\nAAAA\n"])
    func noLists(text: String) throws {
        let certificate = try Certificate.selfSigned()
        let verification = ClientVerification(
            authorityPEM: Array(certificate.pem.utf8), isRequired: true, revocationPEM: Array(text.utf8))
        #expect(throws: TLSError.setup("not all of it is certificate revocation lists in PEM form")) {
            try verification.secondsUntilRevocationsExpire()
        }
        #expect(throws: TLSError.self) {
            try ServerTLSContext(certificates: [certificate], clients: verification)
        }
    }

    @Test("authorities that are none are an error", arguments: ["", "nonsense"])
    func noAuthority(text: String) throws {
        let certificate = try Certificate.selfSigned()
        #expect(throws: TLSError.setup("no certificate in PEM form found")) {
            try ServerTLSContext(
                certificates: [certificate],
                clients: ClientVerification(authorityPEM: Array(text.utf8), isRequired: true))
        }
    }
}
