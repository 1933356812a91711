import TLS
import Testing

/// Responses that speak of a certificate are made by a responder: `Interop/test_tls.py` has those.
@Suite("OCSP stapling")
struct StaplingTests {
    @Test(
        "what is no successful response in DER form is told as such",
        arguments: [
            [], [0x30], Array("<html>".utf8), [0x30, 0x80], [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            // An OCSPResponse (RFC 6960, 4.2.1) that says tryLater, unauthorized, and successful with no body.
            [0x30, 0x03, 0x0A, 0x01, 0x03], [0x30, 0x03, 0x0A, 0x01, 0x06], [0x30, 0x03, 0x0A, 0x01, 0x00],
        ] as [[UInt8]])
    func noResponse(bytes: [UInt8]) throws {
        #expect(try Certificate.selfSigned().check(staple: bytes) == .noResponse)
    }
}
