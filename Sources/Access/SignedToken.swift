internal import ASCII

/// A signed token taken apart (RFC 7515, 7.1), and nothing of it believed.
package struct SignedToken: Equatable, Sendable {
    /// What is taken of a token at most; heads are seldom larger.
    package static let mostBytes = 16 << 10
    /// Names of keys are short, and are compared with each.
    private static let mostIDBytes = 256

    /// By which the token says that it is signed.
    let algorithm: SignatureAlgorithm
    /// The key that it names.
    package let keyID: String?
    /// What the signature is over.
    let signed: [UInt8]
    let payload: [UInt8]
    let signature: [UInt8]

    /// Takes a token apart. Keys and addresses of keys that the token itself brings (`jwk`, `jku`, `x5c`, `x5u`) are not
    /// even looked at.
    package init(_ token: some Collection<UInt8>) throws(TokenRefusal) {
        let bytes = Array(token.prefix(Self.mostBytes + 1))
        guard bytes.count <= Self.mostBytes else { throw .malformed }
        let parts = bytes.split(separator: .dot, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]),
            let payload = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2]),
            let fields = try? JSONValue(header), case .object = fields
        else { throw .malformed }
        // RFC 7515, 4.1.11: what must be understood and isn't. RFC 7797's `b64` is only valid with it.
        guard fields["crit"] == nil, fields["b64"] == nil else { throw .malformed }
        guard let name = fields["alg"]?.string, let algorithm = SignatureAlgorithm(rawValue: name) else {
            throw .algorithm
        }
        if let id = fields["kid"] {
            guard let text = id.string, text.utf8.count <= Self.mostIDBytes else { throw .malformed }
            keyID = text
        } else {
            keyID = nil
        }
        guard !signature.isEmpty else { throw .signature }
        self.algorithm = algorithm
        signed = Array(bytes[..<(parts[0].count + 1 + parts[1].count)])
        self.payload = payload
        self.signature = signature
    }
}
