internal import CAccess

/// A key that signatures are checked with.
///
/// Unsafe code is here because keys are OpenSSL's: an object is owned by this class alone, is never changed once made, and
/// bytes are lent for one call.
@safe package final class VerificationKey: Sendable {
    /// Bits of an RSA key: fewer are weak (RFC 7518, 3.3), more would only take our time.
    private static let rsaBits: ClosedRange<Int32> = 2048...8192

    /// nil for a secret.
    nonisolated(unsafe) private let key: OpaquePointer?
    private let secret: [UInt8]
    /// What it is for.
    package let kind: KeyKind
    /// Bytes of an RSA signature.
    private let modulusBytes: Int

    /// A secret that is shared with the issuer.
    package init(secret: [UInt8]) {
        unsafe key = nil
        self.secret = secret
        kind = .secret
        modulusBytes = 0
    }

    /// Takes the key over; nil where it is of no use.
    private init?(_ key: OpaquePointer?) {
        guard let key = unsafe key else { return nil }
        let known: [Int32: KeyKind] = [1: .rsa, 2: .p256, 3: .p384, 4: .p521, 5: .ed25519, 6: .ed448]
        let bits = unsafe trunkline_access_bits(key)
        let exponent = unsafe trunkline_access_exponent_bits(key)
        guard let kind = known[unsafe trunkline_access_kind(key)],
            // A huge exponent makes each check as slow as a signature is; 1 makes anything one.
            kind != .rsa || (Self.rsaBits.contains(bits) && (2...33).contains(exponent))
        else {
            unsafe EVP_PKEY_free(key)
            return nil
        }
        unsafe self.key = unsafe key
        secret = []
        self.kind = kind
        modulusBytes = Int(bits + 7) / 8
    }

    deinit { unsafe EVP_PKEY_free(key) }

    /// From modulus and exponent, big-endian.
    package convenience init?(rsaModulus modulus: [UInt8], exponent: [UInt8]) {
        guard modulus.count <= 1025, (1...5).contains(exponent.count) else { return nil }
        let key = unsafe trunkline_access_rsa(
            modulus, Int32(modulus.count), exponent, Int32(exponent.count))
        unsafe self.init(key)
    }

    /// From a point of the curve; nil where it is none of it.
    package convenience init?(curve: String, x: [UInt8], y: [UInt8]) {
        let sizes = ["P-256": 32, "P-384": 48, "P-521": 66]
        // RFC 7518, 6.2.1.2: leading zeros belong to it.
        guard let size = sizes[curve], x.count == size, y.count == size else { return nil }
        let point = [4] + x + y
        let key = unsafe trunkline_access_ec(curve, point, Int32(point.count))
        unsafe self.init(key)
    }

    /// A key of RFC 8037: `Ed25519` or `Ed448`.
    package convenience init?(edwards name: String, x: [UInt8]) {
        let spellings = ["Ed25519": "ED25519", "Ed448": "ED448"]
        guard let kind = spellings[name] else { return nil }
        let key = unsafe trunkline_access_ed(kind, x, Int32(clamping: x.count))
        unsafe self.init(key)
    }

    /// From one PEM block: a public key or a certificate.
    package convenience init?(pem: [UInt8]) {
        let key = unsafe trunkline_access_pem(pem, Int32(clamping: pem.count))
        unsafe self.init(key)
    }

    /// Whether a signature over these bytes is right.
    package func verifies(_ signature: [UInt8], of data: [UInt8], by algorithm: SignatureAlgorithm) -> Bool {
        guard algorithm.fits(kind), !signature.isEmpty else { return false }
        if kind == .secret { return verifiesSecret(signature, of: data, by: algorithm) }
        if kind == .rsa, signature.count != modulusBytes { return false }
        var proof = signature
        if let size = kind.pairSize {
            guard signature.count == size else { return false }
            proof = [UInt8](repeating: 0, count: size + 16)
            let length = unsafe trunkline_access_der(
                signature, Int32(signature.count), &proof, Int32(proof.count))
            guard length > 0 else { return false }
            proof.removeLast(proof.count - Int(length))
        }
        return unsafe trunkline_access_verify(
            key, algorithm.digest, algorithm.isPSS ? 1 : 0, proof, Int32(proof.count), data,
            Int32(clamping: data.count)) == 1
    }

    private func verifiesSecret(
        _ signature: [UInt8], of data: [UInt8], by algorithm: SignatureAlgorithm
    ) -> Bool {
        guard secret.count >= algorithm.leastSecret, let digest = algorithm.digest else { return false }
        let made = Self.hmac(digest, key: secret, data)
        return !made.isEmpty && made.count == signature.count && isSame(made, signature)
    }

    /// HMAC (RFC 2104) with a digest that OpenSSL names so; empty where it has none.
    package static func hmac(_ digest: String, key: [UInt8], _ data: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 64)
        let length = unsafe trunkline_access_hmac(
            digest, key, Int32(clamping: key.count), data, Int32(clamping: data.count), &result)
        return Array(result.prefix(Int(length)))
    }

    private func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        unsafe trunkline_access_same(one, other, Int32(one.count)) == 1
    }
}
