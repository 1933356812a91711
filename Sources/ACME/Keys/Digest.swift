internal import COpenSSL

/// Hashes and codes that ACME needs.
package enum Digest {
    /// SHA-256 (FIPS 180-4).
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        unsafe PrivateKey.filled(32) { buffer, _ in
            unsafe trunkline_sha256(bytes, bytes.count, buffer) == 1 ? 32 : 0
        }
    }

    /// 16 hexadecimal digits that stand for a text in names of files.
    package static func name(_ text: String) -> String {
        sha256(Array(text.utf8)).prefix(8)
            .map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// HMAC with SHA-256 (RFC 2104).
    package static func hmac(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        unsafe PrivateKey.filled(32) { buffer, _ in
            unsafe trunkline_hmac_sha256(key, Int32(clamping: key.count), bytes, bytes.count, buffer)
        }
    }
}
