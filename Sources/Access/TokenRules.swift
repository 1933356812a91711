internal import Durations

/// What a token must be to be believed. Pure: the time is an argument.
package struct TokenRules: Equatable, Sendable {
    /// A claim that must have one of some values.
    package struct Requirement: Equatable, Sendable {
        /// Of the claim.
        package var name: String
        /// One of which it must have.
        package var values: [String]

        /// A requirement from its parts.
        package init(_ name: String, _ values: [String]) {
            self.name = name
            self.values = values
        }
    }

    /// Those that may be used.
    package var algorithms: [SignatureAlgorithm]
    /// What `iss` must be; nil = anything.
    package var issuer: String?
    /// One of which `aud` must name; empty = anything.
    package var audiences: [String]
    /// By how much the issuer's clock may be off.
    package var leeway: Duration
    /// All of which must hold.
    package var required: [Requirement]

    /// Rules from their parts.
    package init(
        algorithms: [SignatureAlgorithm], issuer: String? = nil, audiences: [String] = [],
        leeway: Duration = .zero,
        required: [Requirement] = []
    ) {
        self.algorithms = algorithms
        self.issuer = issuer
        self.audiences = audiences
        self.leeway = leeway
        self.required = required
    }

    /// What a token says, if it is to be believed.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    package func claims(_ token: SignedToken, keys: KeySet, now: Double) throws(TokenRefusal) -> Claims {
        guard algorithms.contains(token.algorithm) else { throw .algorithm }
        let candidates = keys.candidates(id: token.keyID, for: token.algorithm)
        guard !candidates.isEmpty else { throw .unknownKey }
        let isSigned = candidates.contains {
            $0.verifies(token.signature, of: token.signed, by: token.algorithm)
        }
        guard isSigned else { throw .signature }
        let claims = try Claims(token.payload)
        try judge(claims, now: now)
        return claims
    }

    /// Whether claims let their bearer in. An end is when it is reached (RFC 7519, 4.1.4).
    func judge(_ claims: Claims, now: Double) throws(TokenRefusal) {
        if let expiry = claims.expiry, now >= expiry + leeway.inSeconds { throw .expired }
        if let begin = claims.notBefore, now < begin - leeway.inSeconds { throw .notYetValid }
        if let issuer, !claims.isIssued(by: issuer) { throw .issuer }
        if !audiences.isEmpty, !claims.isFor(oneOf: audiences) { throw .audience }
        for requirement in required where !claims.has(requirement.name, oneOf: requirement.values) {
            let scope = requirement.name == "scope" ? requirement.values.joined(separator: " ") : nil
            throw .insufficient(claim: requirement.name, scope: scope)
        }
    }

    /// When a session with these claims ends, in seconds since 1970; nil = never. One that was let in within the leeway
    /// has the rest of that.
    package func end(of claims: Claims, now: Double) -> Double? {
        claims.expiry.map { $0 > now ? $0 : $0 + leeway.inSeconds }
    }
}
