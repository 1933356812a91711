internal import Access
internal import COpenSSL

/// What kind of key is made.
package enum KeyKind: String, Sendable, CaseIterable {
    case p256, p384, rsa2048, rsa4096

    var number: Int32 {
        switch self {
        case .p256: 0
        case .p384: 1
        case .rsa2048: 2
        case .rsa4096: 3
        }
    }
}

/// A private key: an account's, which signs what is asked of the authority (RFC 7515), or a certificate's.
@safe package final class PrivateKey: Sendable {
    // Immutable once made; OpenSSL's reference counts are atomic.
    nonisolated(unsafe) let key: OpaquePointer

    /// A new one.
    package init(generating kind: KeyKind) throws(ACMEError) {
        guard let key = unsafe trunkline_generate_key(kind.number) else { throw .own("a key can't be made") }
        unsafe self.key = key
    }

    /// From PEM text, unencrypted.
    package init(pem: [UInt8]) throws(ACMEError) {
        defer { ERR_clear_error() }
        guard let key = unsafe trunkline_read_key(pem, Int32(clamping: pem.count)) else {
            throw .own("no private key in PEM form")
        }
        unsafe self.key = key
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// In PEM form (PKCS #8).
    package var pem: [UInt8] {
        unsafe Self.filled(16_384) { buffer, room in unsafe trunkline_key_pem(key, buffer, room) }
    }

    /// The public half as a JSON Web Key (RFC 7517), its members in the order that thumbprints need.
    package var jwk: JSONNode {
        if let size = coordinateSize {
            let point = unsafe Self.filled(2 * size) { buffer, _ in
                unsafe trunkline_ec_point(key, buffer, Int32(size))
            }
            return .object([
                "crv": .text(size == 32 ? "P-256" : "P-384"), "kty": .text("EC"),
                "x": .text(Base64URL.encode(point.prefix(size))),
                "y": .text(Base64URL.encode(point.dropFirst(size))),
            ])
        }
        let exponent = unsafe Self.filled(16) { unsafe trunkline_rsa_number(key, 0, $0, $1) }
        let modulus = unsafe Self.filled(1024) { unsafe trunkline_rsa_number(key, 1, $0, $1) }
        return .object([
            "e": .text(Base64URL.encode(exponent)), "kty": .text("RSA"),
            "n": .text(Base64URL.encode(modulus)),
        ])
    }

    /// Of its public half (RFC 7638), as challenges need it.
    package var thumbprint: String { Base64URL.encode(Digest.sha256(jwk.encoded)) }

    /// The name of the algorithm that `sign` uses (RFC 7518, 3.1).
    package var algorithm: String {
        switch coordinateSize {
        case 32: "ES256"
        case 48: "ES384"
        default: "RS256"
        }
    }

    /// A signature as JOSE has it: for elliptic curves the two numbers, one after the other (RFC 7518, 3.4).
    package func sign(_ bytes: [UInt8]) throws(ACMEError) -> [UInt8] {
        defer { ERR_clear_error() }
        let size = coordinateSize ?? 0
        let signature = unsafe Self.filled(1024) { buffer, room in
            unsafe trunkline_jose_sign(key, bytes, bytes.count, Int32(size), buffer, room)
        }
        guard !signature.isEmpty else { throw .own("the key can't sign") }
        return signature
    }

    /// Bytes of a coordinate; nil for RSA.
    private var coordinateSize: Int? {
        let size = Int(unsafe trunkline_coordinate_size(key))
        return size > 0 ? size : nil
    }

    /// What a C function writes: it returns how many bytes, or less than 0.
    @unsafe static func filled(
        _ room: Int, _ write: (UnsafeMutablePointer<UInt8>?, Int32) -> Int32
    ) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: room)
        let count = unsafe buffer.withUnsafeMutableBufferPointer { unsafe write($0.baseAddress, Int32(room)) }
        return Array(buffer.prefix(max(0, Int(count))))
    }
}
