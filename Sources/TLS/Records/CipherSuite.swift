/// The suites of TLS 1.3 whose records are ours (RFC 8446, B.4).
package enum CipherSuite: UInt16, CaseIterable, Sendable {
    case aes128GCM = 0x1301
    case aes256GCM = 0x1302
    case chacha20Poly1305 = 0x1303

    var keySize: Int { self == .aes128GCM ? 16 : 32 }

    /// Of the hash, and so of a traffic secret.
    var secretSize: Int { self == .aes256GCM ? 48 : 32 }

    /// OpenSSL's name.
    var name: String {
        switch self {
        case .aes128GCM: "AES-128-GCM"
        case .aes256GCM: "AES-256-GCM"
        case .chacha20Poly1305: "ChaCha20-Poly1305"
        }
    }
}
