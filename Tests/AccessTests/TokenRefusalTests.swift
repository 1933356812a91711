import Access
import Testing

struct TokenRefusalTests {
    @Test("the words of RFC 6750")
    func challenges() {
        #expect(TokenRefusal.missing.challenge(realm: "chat") == #"Bearer realm="chat""#)
        #expect(
            TokenRefusal.expired.challenge(realm: "chat")
                == #"Bearer realm="chat", error="invalid_token", error_description="token has expired""#)
        #expect(
            TokenRefusal.insufficient(claim: "scope", scope: "chat").challenge(realm: "c\"\r\n")
                == #"Bearer realm="c", error="insufficient_scope", error_description="token does not allow this", scope="chat""#
        )
        #expect(TokenRefusal.ambiguous.challenge(realm: "a")?.contains("invalid_request") == true)
        #expect(TokenRefusal.unavailable.challenge(realm: "a") == nil)
    }

    @Test("each has a status, and a word of its own; what is wrong with a signature or a key is not told")
    func statuses() {
        let all: [TokenRefusal] = [
            .missing, .ambiguous, .malformed, .algorithm, .unknownKey, .signature, .claims, .expired,
            .notYetValid, .issuer, .audience, .revoked, .insufficient(claim: "a", scope: nil), .unavailable,
        ]
        #expect(Set(all.map(\.word)).count == all.count)
        #expect(all.map(\.status) == [401, 400] + Array(repeating: 401, count: 10) + [403, 503])
        for refusal in [TokenRefusal.malformed, .algorithm, .unknownKey, .signature, .issuer, .audience] {
            #expect(refusal.reason == "token is not valid")
        }
    }
}
