internal import COpenSSL

// What those need to know of a certificate who renew it. Times are seconds since 1970.
extension Certificate {
    /// From when it is valid.
    package var notBefore: Double { Double(unsafe trunkline_epoch(X509_get0_notBefore(leaf))) }
    /// Until when.
    package var notAfter: Double { Double(unsafe trunkline_epoch(X509_get0_notAfter(leaf))) }
    /// In DER form.
    package var der: [UInt8] { unsafe Self.bytes(65_536) { unsafe trunkline_certificate_der(leaf, $0, $1) } }
    /// SHA-256 of its DER form, in hexadecimal digits.
    package var fingerprint: String {
        let der = der
        let digest = unsafe Self.bytes(32) { into, _ in
            unsafe trunkline_sha256(der, der.count, into) == 1 ? 32 : -1
        }
        return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
    /// The serial number as its DER form has it.
    package var serial: [UInt8] { unsafe Self.bytes(64) { unsafe trunkline_serial(leaf, $0, $1) } }
    /// Names the key that signed it; empty where it says nothing of that.
    package var authorityKey: [UInt8] {
        unsafe Self.bytes(64) { unsafe trunkline_authority_key(leaf, $0, $1) }
    }
    /// Clients are to refuse it without an OCSP response (RFC 7633).
    package var mustStaple: Bool { unsafe trunkline_must_staple(leaf) == 1 }

    /// Whether it is signed by itself.
    package var isSelfSigned: Bool { unsafe X509_check_issued(leaf, leaf) == X509_V_OK }

    @unsafe static func bytes(_ room: Int32, _ write: (UnsafeMutablePointer<UInt8>?, Int32) -> Int32)
        -> [UInt8]
    {
        var buffer = [UInt8](repeating: 0, count: Int(room))
        let count = unsafe buffer.withUnsafeMutableBufferPointer { unsafe write($0.baseAddress, room) }
        return Array(buffer.prefix(max(0, Int(count))))
    }
}
