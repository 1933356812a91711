import Testing

@testable import TLS

@Suite("TLS errors")
struct TLSErrorTests {
    @Test("each is a line that says what to look at")
    func descriptions() {
        #expect(TLSError.notTLS(looksLikeHTTP: true).description == "plain HTTP request on a TLS port")
        #expect(TLSError.notTLS(looksLikeHTTP: false).description == "the bytes received are no TLS")
        #expect(TLSError.alert("bad certificate").description == "peer sent alert: bad certificate")
        #expect(TLSError.certificateRejected("expired").description == "certificate rejected: expired")
        #expect(TLSError.setup("no key").description == "no key")
    }

    @Test("a peer's alert is told by its name (RFC 8446, 6)")
    func alerts() throws {
        let server = try ServerTLSContext(certificates: [try Certificate.selfSigned()])
        let client = try ClientTLSContext(serverName: "localhost", authorityPEM: nil, verifies: false)
        let pair = try TLSPair(server, client)
        _ = try pair.step(pair.client, [])
        // A plaintext record (5.1) of type alert: fatal handshake_failure.
        #expect(throws: TLSError.alert("handshake failure")) {
            _ = try pair.step(pair.client, [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])
        }
    }

    @Test("what the system refused is told in the system's words")
    func systemErrors() {
        #expect(TLSError.reasonText(0x8000_0002) == "No such file or directory")
        #expect(TLSError.reasonText(0x8000_000D) == "Permission denied")
        #expect(TLSError.reasonText(0x8000_0018) == "Too many open files")
    }
}
