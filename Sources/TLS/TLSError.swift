internal import COpenSSL

/// Why a TLS session, context or certificate could not be used. The text is OpenSSL's own reason.
package enum TLSError: Error, Equatable, CustomStringConvertible {
    /// Bytes came that are no TLS at all; `looksLikeHTTP` when they are a plain HTTP request.
    case notTLS(looksLikeHTTP: Bool)
    /// The peer ended the session with this alert.
    case alert(String)
    /// The peer's certificate was not accepted.
    case certificateRejected(String)
    /// The two sides could not agree, or the peer broke the protocol.
    case protocolViolation(String)
    /// A context, a certificate or a key could not be set up.
    case setup(String)
    /// The private key of a certificate can't be read, or belongs to another one.
    case key(String)

    /// What failed, and OpenSSL's reason where it gave one.
    package var description: String {
        switch self {
        case .notTLS(let looksLikeHTTP):
            looksLikeHTTP ? "plain HTTP request on a TLS port" : "the bytes received are no TLS"
        case .alert(let name): "peer sent alert: \(name)"
        case .certificateRejected(let reason): "certificate rejected: \(reason)"
        case .protocolViolation(let reason): reason
        case .setup(let reason), .key(let reason): reason
        }
    }

    /// Drains OpenSSL's queue, which belongs to this thread, into one value: the first entry is the cause.
    static func fromQueue(_ fallback: String) -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return .protocolViolation(fallback) }
        return classify(code)
    }

    /// The same for work on contexts and certificates.
    static func setupFromQueue(_ what: String) -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        return .setup(code == 0 ? what : "\(what): \(reasonText(code))")
    }

    private static func classify(_ code: UInt) -> TLSError {
        guard systemError(code) == nil else { return .protocolViolation(reasonText(code)) }
        let reason = Int32(truncatingIfNeeded: code & 0x7F_FFFF)
        switch reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: return .notTLS(looksLikeHTTP: true)
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_BAD_RECORD_TYPE, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_PACKET_LENGTH_TOO_LONG:
            return .notTLS(looksLikeHTTP: false)
        case SSL_R_CERTIFICATE_VERIFY_FAILED: return .certificateRejected(reasonText(code))
        case 1000...1255:
            // Reasons from 1000 are alerts received, SSL_AD_REASON_OFFSET + the alert's number (RFC 8446, 6).
            return unsafe .alert(String(cString: trunkline_alert_name(reason - 1000)))
        default: return .protocolViolation(reasonText(code))
        }
    }

    /// An error of the system's that OpenSSL passed on (ERR_SYSTEM_FLAG): its `errno`.
    private static func systemError(_ code: UInt) -> Int32? {
        code & 0x8000_0000 == 0 ? nil : Int32(truncatingIfNeeded: code & 0x7FFF_FFFF)
    }

    static func reasonText(_ code: UInt) -> String {
        // Copied at once: strerror's buffer is this thread's.
        if let system = systemError(code) { return unsafe String(cString: strerror(system)) }
        // A static string of the library, or NULL for a code it doesn't know.
        guard let text = unsafe ERR_reason_error_string(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }
}
