import Access

enum Credentials {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    /// Any bytes are a token, keys, passwords and a message: nothing traps, what is read is read again as the same, and
    /// nobody who doesn't know the secret comes in.
    static func check(_ bytes: [UInt8]) -> String? {
        let rules = TokenRules(algorithms: SignatureAlgorithm.allCases)
        let jwk = "{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}"
        guard let keys = try? KeySet(Array(jwk.utf8)) else { return "its own keys can't be read" }
        if let token = try? SignedToken(bytes), (try? rules.claims(token, keys: keys, now: 0)) != nil {
            let end = bytes.lastIndex(of: 46) ?? 0
            let signature = VerificationKey.hmac("SHA256", key: secret, Array(bytes[..<end]))
            guard Base64URL.decode(bytes[(end + 1)...]) == signature else { return "somebody else's token" }
        }
        if let value = try? JSONValue(bytes), case .number(let text) = value {
            guard (try? JSONValue(Array(text.utf8))) == value else { return "a number reads as another" }
        }
        _ = try? Claims(bytes)
        _ = try? KeySet(bytes)
        _ = try? PasswordFile(bytes)
        return pieces(bytes)
    }

    /// A message is taken, or passes with all its bytes, wherever it is cut.
    private static func pieces(_ bytes: [UInt8]) -> String? {
        let (whole, parts) = halves(bytes)
        var watch = PrefixWatch(prefix: Array("t:".utf8), most: 64)
        watch.begin()
        var passed: [UInt8] = []
        for (index, part) in parts.enumerated() {
            switch watch.take(part.span, isLast: index == parts.count - 1) {
            case .undecided: break
            case .other(let kept): passed += kept + part
            case .taken(let text): return text == Array(whole.dropFirst(2)) ? nil : "another token"
            case .tooLong: return whole.count > 66 ? nil : "a short token is too long"
            }
        }
        return passed == whole ? nil : "bytes that were lost"
    }
}
