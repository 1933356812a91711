internal import COpenSSL

/// Whose certificates a listener accepts from clients.
package struct ClientVerification: Sendable {
    /// Authorities in PEM form.
    package let authorityPEM: [UInt8]
    /// A client without a certificate is refused. One with a certificate that can't be verified always is.
    package let isRequired: Bool
    /// Certificate revocation lists in PEM form (RFC 5280, 5), one for each authority of a chain; nil = none are looked at.
    package let revocationPEM: [UInt8]?

    /// Trust in these authorities.
    package init(authorityPEM: [UInt8], isRequired: Bool, revocationPEM: [UInt8]? = nil) {
        self.revocationPEM = revocationPEM
        self.authorityPEM = authorityPEM
        self.isRequired = isRequired
    }

    /// Sets a context up to ask for certificates.
    @unsafe func apply(to context: OpaquePointer) throws(TLSError) {
        unsafe try ContextBasics.trust(authorityPEM, in: context) { certificate in
            // The names that the client is told, by which it chooses a certificate.
            unsafe SSL_CTX_add_client_CA(context, certificate)
        }
        unsafe trunkline_ctx_verify_clients(context, isRequired ? 1 : 0)
        unsafe trunkline_ctx_check_tickets(context)
        _ = unsafe try addRevocations(to: context)
        // A ticket carries the certificate that was verified when it was made. One made under other authorities, or
        // where none was asked for, must not open this door, nor one of a certificate that was revoked since.
        var digest = [UInt8](repeating: 0, count: 32)
        let policy = authorityPEM + [isRequired ? 1 : 0] + (revocationPEM ?? [])
        unsafe trunkline_sha256(policy, policy.count, &digest)
        unsafe SSL_CTX_set_session_id_context(context, digest, 32)
    }
}

extension ClientVerification {
    /// Returns the seconds until the first list should be replaced, negative when that is past: then every client is
    /// refused. nil without lists.
    @unsafe private func addRevocations(to context: OpaquePointer) throws(TLSError) -> Int? {
        guard let revocationPEM else { return nil }
        var seconds = Int64.max
        trunkline_clear_errors()
        switch unsafe trunkline_ctx_add_revocations(
            context, revocationPEM, Int32(clamping: revocationPEM.count), &seconds)
        {
        case 1...: return Int(clamping: seconds)
        case -2: throw .setup("a revocation list is signed by none of the authorities")
        default: throw .setup("not all of it is certificate revocation lists in PEM form")
        }
    }

    /// Checks the lists.
    ///
    /// - Returns: the seconds until the first one should be replaced, negative when that is past; nil without lists.
    package func secondsUntilRevocationsExpire() throws(TLSError) -> Int? {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
            throw .setupFromQueue("SSL_CTX_new")
        }
        defer { unsafe SSL_CTX_free(context) }
        unsafe try ContextBasics.trust(authorityPEM, in: context)
        return unsafe try addRevocations(to: context)
    }
}

/// A certificate that a client has proved to hold.
package struct ClientCertificate: Equatable, Sendable {
    /// In DER form.
    package let der: [UInt8]
    /// As RFC 2253 writes it, e.g. `CN=alice,O=Example`.
    package let subject: String
    /// SHA-256 of the DER form.
    package let fingerprint: [UInt8]
}

extension TLSSession {
    /// The client's certificate, where one was asked for and given.
    package var clientCertificate: ClientCertificate? {
        guard let certificate = unsafe peerCertificate else { return nil }
        let size = unsafe i2d_X509(certificate, nil)
        guard size > 0, size < 1 << 16 else { return nil }
        var der = [UInt8](repeating: 0, count: Int(size))
        unsafe der.withUnsafeMutableBufferPointer { buffer in
            // i2d moves the pointer that it is given.
            var start = buffer.baseAddress
            _ = unsafe i2d_X509(certificate, &start)
        }
        var name = [CChar](repeating: 0, count: 2048)
        let count = unsafe trunkline_subject(certificate, &name, 2048)
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe trunkline_sha256(der, der.count, &digest)
        let subject = String(
            decoding: name.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return ClientCertificate(der: der, subject: subject, fingerprint: digest)
    }
}
