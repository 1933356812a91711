/// Why a token doesn't let its bearer in.
package enum TokenRefusal: Error, Hashable, Sendable {
    /// There is none.
    case missing
    /// More than one was sent, in different ways (RFC 6750, 2).
    case ambiguous
    case malformed
    /// By an algorithm that isn't allowed, or isn't known.
    case algorithm
    /// By a key that isn't known.
    case unknownKey
    case signature
    case claims
    case expired
    case notYetValid
    case issuer
    case audience
    case revoked
    /// A claim that is required is missing or has another value; `scope` is what would do.
    case insufficient(claim: String, scope: String?)
    /// The keys are not there.
    case unavailable

    /// For the log and the metrics, in one word.
    package var word: String {
        switch self {
        case .missing: "missing"
        case .ambiguous: "ambiguous"
        case .malformed: "malformed"
        case .algorithm: "algorithm"
        case .unknownKey: "unknown_key"
        case .signature: "signature"
        case .claims: "claims"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .issuer: "issuer"
        case .audience: "audience"
        case .revoked: "revoked"
        case .insufficient: "insufficient"
        case .unavailable: "unavailable"
        }
    }

    /// The status of the answer (RFC 6750, 3.1).
    package var status: Int {
        switch self {
        case .ambiguous: 400
        case .insufficient: 403
        case .unavailable: 503
        default: 401
        }
    }

    /// What the client is told: nothing about keys, nor about how near it came.
    package var reason: String {
        switch self {
        case .missing: "a token is needed"
        case .ambiguous: "more than one token was sent"
        case .expired: "token has expired"
        case .notYetValid: "token is not valid yet"
        case .insufficient: "token does not allow this"
        case .revoked: "token was revoked"
        case .unavailable: "tokens can't be checked now"
        default: "token is not valid"
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750, 3); nil where there is none to be.
    ///
    /// - Parameter realm: a route's name.
    package func challenge(realm: String) -> String? {
        let start = "Bearer realm=\"\(quoted(realm))\""
        switch self {
        case .missing: return start
        case .unavailable: return nil
        case .ambiguous:
            return start + ", error=\"invalid_request\", error_description=\"\(reason)\""
        case .insufficient(_, let scope):
            let needed = scope.map { ", scope=\"\(quoted($0))\"" } ?? ""
            return start + ", error=\"insufficient_scope\", error_description=\"\(reason)\"" + needed
        default: return start + ", error=\"invalid_token\", error_description=\"\(reason)\""
        }
    }
}

/// For within the quotes of a field's parameter.
package func quoted(_ text: String) -> String {
    String(
        text.unicodeScalars.filter { $0 != "\"" && $0 != "\\" && $0.value >= 32 && $0.value < 127 }.map {
            Character($0)
        })
}
