internal import ASCII
internal import COpenSSL

/// What is asked to be signed (RFC 2986): a key and the names that it is to stand for.
package struct CertificateRequest: Sendable {
    /// Made for this certificate alone.
    package let key: PrivateKey
    /// In DER form.
    package let der: [UInt8]

    /// - Parameters:
    ///   - names: host names, wildcards among them; letters, digits, `-`, `_`, `.` and `*` only.
    ///   - mustStaple: asks for a certificate that clients take only with an OCSP response (RFC 7633).
    package init(names: [String], key: PrivateKey, mustStaple: Bool = false) throws(ACMEError) {
        guard names.allSatisfy(Self.isPlain) else { throw .own("a name that is none of DNS") }
        let list = names.map { "DNS:\($0)" }.joined(separator: ",")
        self.key = key
        defer { ERR_clear_error() }
        der = unsafe PrivateKey.filled(65_536) { buffer, room in
            unsafe trunkline_request(key.key, list, mustStaple ? 1 : 0, buffer, room)
        }
        guard !der.isEmpty else { throw .own("a certificate request can't be made") }
    }

    /// Whether OpenSSL would read it as a name and as nothing else.
    static func isPlain(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case .zero ... .nine, .upperA ... .upperZ, .lowerA ... .lowerZ, .hyphen, .dot, .underscore,
                    .star:
                    true
                default: false
                }
            }
    }
}

/// What TLS-ALPN-01 shows in a handshake (RFC 8737, 3): a self-signed certificate with the proof in it.
package struct ChallengeCertificate: Sendable {
    /// The certificate.
    package let pem: [UInt8]
    /// Its key.
    package let keyPEM: [UInt8]

    /// For a name and what proves control over it.
    package init(name: String, keyAuthorization: String) throws(ACMEError) {
        guard CertificateRequest.isPlain(name) else { throw .own("a name that is none of DNS") }
        let key = try PrivateKey(generating: .p256)
        let digest = Digest.sha256(Array(keyAuthorization.utf8))
        defer { ERR_clear_error() }
        pem = unsafe PrivateKey.filled(8192) { buffer, room in
            unsafe trunkline_challenge_certificate(key.key, "DNS:\(name)", digest, buffer, room)
        }
        keyPEM = key.pem
        guard !pem.isEmpty else { throw .own("a challenge certificate can't be made") }
    }
}
