/// How a token is signed (RFC 7518, 3.1; RFC 8037, 3.1). There is no `none`.
package enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"

    /// Whoever can check can also sign.
    package var isSymmetric: Bool {
        switch self {
        case .hs256, .hs384, .hs512: true
        default: false
        }
    }

    /// OpenSSL's name of the digest; nil where the algorithm has its own.
    var digest: String? {
        switch self {
        case .hs256, .rs256, .ps256, .es256: "SHA256"
        case .hs384, .rs384, .ps384, .es384: "SHA384"
        case .hs512, .rs512, .ps512, .es512: "SHA512"
        case .edDSA: nil
        }
    }

    /// Bytes that a secret must have at least: as many as the digest (RFC 7518, 3.2).
    var leastSecret: Int {
        switch self {
        case .hs384: 48
        case .hs512: 64
        default: 32
        }
    }

    var isPSS: Bool {
        switch self {
        case .ps256, .ps384, .ps512: true
        default: false
        }
    }

    /// Whether a key of this kind signs so: the key decides, not the token.
    func fits(_ kind: KeyKind) -> Bool {
        switch (self, kind) {
        case (.hs256, .secret), (.hs384, .secret), (.hs512, .secret): true
        case (.rs256, .rsa), (.rs384, .rsa), (.rs512, .rsa): true
        case (.ps256, .rsa), (.ps384, .rsa), (.ps512, .rsa): true
        case (.es256, .p256), (.es384, .p384), (.es512, .p521): true
        case (.edDSA, .ed25519), (.edDSA, .ed448): true
        default: false
        }
    }
}

/// What a key is for.
package enum KeyKind: Equatable, Sendable {
    case secret, rsa, p256, p384, p521, ed25519, ed448

    /// Bytes of an ECDSA signature; nil for all others.
    var pairSize: Int? {
        switch self {
        case .p256: 64
        case .p384: 96
        case .p521: 132
        default: nil
        }
    }
}
