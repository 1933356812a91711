internal import COpenSSL

extension Certificate {
    /// A certificate for localhost made in memory: ECDSA P-256, valid for the days given. For demonstrations and tests.
    ///
    /// - Parameter names: subject alternative names in OpenSSL's spelling, e.g. `DNS:localhost,IP:127.0.0.1`.
    package static func selfSigned(
        names: String = "DNS:localhost,IP:127.0.0.1,IP:::1", days: Int = 30
    ) throws(TLSError) -> Certificate {
        ERR_clear_error()
        guard let key = unsafe trunkline_generate_p256() else { throw .setupFromQueue("cannot make a key") }
        guard let leaf = unsafe X509_new() else {
            unsafe EVP_PKEY_free(key)
            throw .setupFromQueue("cannot make a certificate")
        }
        unsafe X509_set_version(leaf, 2)
        unsafe setSerial(leaf)
        unsafe X509_gmtime_adj(X509_getm_notBefore(leaf), -300)
        unsafe X509_gmtime_adj(X509_getm_notAfter(leaf), days * 86_400)
        unsafe X509_set_pubkey(leaf, key)
        let subject = unsafe X509_get_subject_name(leaf)
        unsafe X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, "localhost", -1, -1, 0)
        unsafe X509_set_issuer_name(leaf, subject)
        guard unsafe addExtension(leaf, NID_subject_alt_name, names),
            unsafe addExtension(leaf, NID_basic_constraints, "critical,CA:TRUE"),
            unsafe X509_sign(leaf, key, EVP_sha256()) > 0
        else {
            unsafe X509_free(leaf)
            unsafe EVP_PKEY_free(key)
            throw .setupFromQueue("cannot sign the certificate")
        }
        return unsafe Certificate(leaf: leaf, key: key)
    }

    @unsafe private static func setSerial(_ leaf: OpaquePointer) {
        // Browsers refuse a second certificate of the same issuer with the same serial number.
        unsafe ASN1_INTEGER_set_uint64(X509_get_serialNumber(leaf), UInt64.random(in: 1...UInt64(Int64.max)))
    }

    @unsafe private static func addExtension(_ leaf: OpaquePointer, _ id: Int32, _ value: String) -> Bool {
        guard let ext = unsafe X509V3_EXT_conf_nid(nil, nil, id, value) else { return false }
        defer { unsafe X509_EXTENSION_free(ext) }
        return unsafe X509_add_ext(leaf, ext, -1) == 1
    }
}
