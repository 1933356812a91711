import TLS
import Testing

/// Answers with a signature are made by a responder: `Interop/test_stapling.py` has those.
@Suite("Questions to OCSP responders")
struct OCSPQueryTests {
    @Test("a certificate that names no responder, or comes alone, is asked about nowhere")
    func none() throws {
        #expect(OCSPQuery(try Certificate.selfSigned()) == nil)
    }
}
