internal import COpenSSL

/// Whose certificates a listener accepts from clients.
package struct ClientVerification: Sendable {
    /// Authorities in PEM form.
    package let authorityPEM: [UInt8]
    /// A client without a certificate is refused. One with a certificate that can't be verified always is.
    package let isRequired: Bool

    /// Trust in these authorities.
    package init(authorityPEM: [UInt8], isRequired: Bool) {
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
        // A ticket carries the certificate that was verified when it was made. One made under other authorities, or
        // where none was asked for, must not open this door.
        var digest = [UInt8](repeating: 0, count: 32)
        let policy = authorityPEM + [isRequired ? 1 : 0]
        unsafe trunkline_sha256(policy, policy.count, &digest)
        unsafe SSL_CTX_set_session_id_context(context, digest, 32)
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
