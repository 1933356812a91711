internal import COpenSSL

/// What a responder says of a certificate (RFC 6960).
package enum OCSPVerdict: Equatable, Sendable {
    /// It may be stapled. Seconds since 1970; `until` is nil where the answer names no end.
    case good(from: Double, until: Double?)
    case revoked
    case unknown
    /// Of no use, for a reason.
    case useless(String)
}

/// A question to the responder that a certificate names.
package struct OCSPQuery: Sendable {
    /// Where it is sent.
    package let url: String
    /// In DER form.
    package let request: [UInt8]
    private let certificate: Certificate

    /// nil where the certificate names no responder, or comes without the one that signed it.
    package init?(_ certificate: Certificate) {
        let leaf = unsafe certificate.leaf
        guard let issuer = unsafe certificate.chain.first else { return nil }
        let url = unsafe Certificate.bytes(2048) { unsafe trunkline_responder(leaf, $0, $1) }
        request = unsafe Certificate.bytes(4096) { unsafe trunkline_ocsp_request(leaf, issuer, $0, $1) }
        ERR_clear_error()
        guard !url.isEmpty, !request.isEmpty else { return nil }
        self.url = String(decoding: url, as: UTF8.self)
        self.certificate = certificate
    }

    /// Judges an answer, its signature included.
    package func judge(_ answer: [UInt8]) -> OCSPVerdict {
        guard let issuer = unsafe certificate.chain.first else {
            return .useless("nobody to check it against")
        }
        var from: Int64 = 0
        var until: Int64 = 0
        let verdict = unsafe trunkline_ocsp_verdict(
            answer, answer.count, certificate.leaf, issuer, &from, &until)
        switch Int(verdict) {
        case TRUNKLINE_OCSP_GOOD:
            return .good(from: Double(from), until: until > 0 ? Double(until) : nil)
        case TRUNKLINE_OCSP_REVOKED: return .revoked
        case TRUNKLINE_OCSP_UNKNOWN: return .unknown
        case TRUNKLINE_OCSP_OTHER: return .useless("it is about another certificate")
        case TRUNKLINE_OCSP_UNSIGNED: return .useless("its signature is not the authority's")
        case TRUNKLINE_OCSP_EXPIRED: return .useless("it is not valid now")
        default: return .useless("it is no successful response")
        }
    }
}
