internal import ASCII

/// The keys that tokens may be signed with: of a JWK Set (RFC 7517, 5) or of PEM blocks.
package struct KeySet: Sendable {
    /// Keys of a set: more than this is a mistake, or somebody's attempt to keep us busy.
    package static let most = 100
    /// Keys that are tried for a token that names none.
    private static let mostTried = 8

    private struct Entry: Sendable {
        let id: String?
        /// The only one that it is for; nil = all that fit its kind.
        let algorithm: SignatureAlgorithm?
        let key: VerificationKey
    }

    private let entries: [Entry]
    /// Keys that were left out, being of a kind that isn't known or not for signatures.
    package let ignored: Int

    /// Reads a file or an answer.
    package init(_ bytes: [UInt8]) throws(KeySetError) {
        let start = bytes.first { $0 > .space }
        guard start == .openBrace else {
            (entries, ignored) = (try Self.blocks(bytes), 0)
            return
        }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(bytes)
        } catch {
            throw .malformed
        }
        var keys = [value]
        if let list = value["keys"] {
            guard case .array(let items) = list else { throw .malformed }
            keys = items
        }
        guard keys.count <= Self.most else { throw .tooMany }
        entries = keys.compactMap(Self.entry)
        ignored = keys.count - entries.count
        guard !entries.isEmpty else { throw .empty }
    }

    /// How many keys can be used.
    package var count: Int { entries.count }

    /// The keys that may have signed a token. One that names its key is checked with that one alone, but for keys that
    /// have no name.
    package func candidates(id: String?, for algorithm: SignatureAlgorithm) -> [VerificationKey] {
        let fitting = entries.filter { entry in
            algorithm.fits(entry.key.kind) && (entry.algorithm == nil || entry.algorithm == algorithm)
                && (id == nil || entry.id == nil || entry.id == id)
        }
        let named = id == nil ? [] : fitting.filter { $0.id == id }
        return (named.isEmpty ? fitting : named).prefix(Self.mostTried).map(\.key)
    }

    // MARK: JWK

    /// One that is of no use is left out (RFC 7517, 5): an issuer may have keys for others too.
    private static func entry(_ jwk: JSONValue) -> Entry? {
        if let use = jwk["use"], use != .string("sig") { return nil }
        if case .array(let operations)? = jwk["key_ops"], !operations.contains(.string("verify")) {
            return nil
        }
        var algorithm: SignatureAlgorithm?
        if let name = jwk["alg"] {
            algorithm = name.string.flatMap { SignatureAlgorithm(rawValue: $0) }
            guard algorithm != nil else { return nil }
        }
        if let id = jwk["kid"], id.string == nil { return nil }
        guard let key = key(jwk), algorithm?.fits(key.kind) != false else { return nil }
        return Entry(id: jwk["kid"]?.string, algorithm: algorithm, key: key)
    }

    private static func key(_ jwk: JSONValue) -> VerificationKey? {
        let curve = jwk["crv"]?.string ?? ""
        switch jwk["kty"]?.string {
        case "RSA":
            guard let modulus = bytes(jwk, "n"), let exponent = bytes(jwk, "e") else { return nil }
            return VerificationKey(rsaModulus: modulus, exponent: exponent)
        case "EC":
            guard let x = bytes(jwk, "x"), let y = bytes(jwk, "y") else { return nil }
            return VerificationKey(curve: curve, x: x, y: y)
        case "OKP": return bytes(jwk, "x").flatMap { VerificationKey(edwards: curve, x: $0) }
        case "oct":
            guard let secret = bytes(jwk, "k"), secret.count >= SignatureAlgorithm.hs256.leastSecret else {
                return nil
            }
            return VerificationKey(secret: secret)
        default: return nil
        }
    }

    private static func bytes(_ jwk: JSONValue, _ name: String) -> [UInt8]? {
        jwk[name]?.string.flatMap { Base64URL.decode($0) }
    }

    // MARK: PEM

    private static func blocks(_ bytes: [UInt8]) throws(KeySetError) -> [Entry] {
        let text = String(decoding: bytes, as: UTF8.self)
        var entries: [Entry] = []
        var block = ""
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("-----BEGIN ") { block = "" }
            block += line + "\n"
            guard line.hasPrefix("-----END ") else { continue }
            guard entries.count < most else { throw .tooMany }
            guard let key = VerificationKey(pem: Array(block.utf8)) else {
                throw block.contains("PRIVATE KEY") ? .privateKey : .malformed
            }
            entries.append(Entry(id: nil, algorithm: nil, key: key))
        }
        guard !entries.isEmpty else { throw .empty }
        return entries
    }
}

/// Why keys can't be taken.
package enum KeySetError: Error, Equatable, Sendable {
    case malformed, tooMany, empty
    /// A secret of the issuer's that has no business here.
    case privateKey

    /// One line, lower case; says nothing of the keys themselves.
    package var reason: String {
        switch self {
        case .malformed: "is neither a JWK Set nor PEM blocks with public keys"
        case .tooMany: "has more than \(KeySet.most) keys"
        case .empty: "has no key that signatures can be checked with"
        case .privateKey: "has a private key, expected public keys"
        }
    }
}
