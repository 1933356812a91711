internal import COpenSSL

/// What an OCSP response is worth for a certificate.
package enum StapleCheck: Equatable, Sendable {
    case good
    /// Not a successful response at all.
    case noResponse
    case otherCertificate
    /// Its time has passed, or has not come.
    case expired
}

extension Certificate {
    /// Whether a response in DER form (RFC 6960) speaks of this certificate and is valid now. Its signature is for the
    /// client to check.
    package func check(staple: [UInt8]) -> StapleCheck {
        switch unsafe trunkline_check_staple(staple, staple.count, leaf) {
        case Int32(TRUNKLINE_STAPLE_GOOD): .good
        case Int32(TRUNKLINE_STAPLE_OTHER): .otherCertificate
        case Int32(TRUNKLINE_STAPLE_EXPIRED): .expired
        default: .noResponse
        }
    }

    /// Has a context send the response to those who ask.
    @unsafe func attachStaple(to context: OpaquePointer) {
        guard !staple.isEmpty else { return }
        // Unretained: the context's owner keeps its certificates.
        unsafe trunkline_ctx_on_status(context, sendStaple, Unmanaged.passUnretained(self).toOpaque())
    }
}

/// RFC 6066, 8: called when the client has asked.
private let sendStaple: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
    ssl, argument in
    guard let ssl = unsafe ssl, let argument = unsafe argument else { return SSL_TLSEXT_ERR_NOACK }
    let certificate = unsafe Unmanaged<Certificate>.fromOpaque(argument).takeUnretainedValue()
    return unsafe trunkline_staple(ssl, certificate.staple, certificate.staple.count)
}
