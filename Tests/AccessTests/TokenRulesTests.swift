import Access
import Testing

struct TokenRulesTests {
    @Test("an end and a beginning count to the second, with the leeway both ways")
    func times() throws {
        let token = Tokens.signed(#"{"exp":1000,"nbf":500}"#)
        var rules = TokenRules(algorithms: [.hs256])
        #expect(try Tokens.refusal(token, rules, now: 999.9) == nil)
        #expect(try Tokens.refusal(token, rules, now: 1000) == .expired)
        #expect(try Tokens.refusal(token, rules, now: 499.9) == .notYetValid)
        #expect(try Tokens.refusal(token, rules, now: 500) == nil)
        rules.leeway = .seconds(30)
        #expect(try Tokens.refusal(token, rules, now: 1029.9) == nil)
        #expect(try Tokens.refusal(token, rules, now: 1030) == .expired)
        #expect(try Tokens.refusal(token, rules, now: 470) == nil)
        #expect(try Tokens.refusal(token, rules, now: 469.9) == .notYetValid)
    }

    @Test("a session ends with its token, or, let in within the leeway, with that")
    func end() throws {
        let claims = try Claims(Array(#"{"exp":1000}"#.utf8))
        let rules = TokenRules(algorithms: [.hs256], leeway: .seconds(30))
        #expect(rules.end(of: claims, now: 900) == 1000)
        #expect(rules.end(of: claims, now: 1010) == 1030)
        #expect(rules.end(of: try Claims(Array("{}".utf8)), now: 900) == nil)
    }

    @Test("issuer and audience")
    func issuerAndAudience() throws {
        let rules = TokenRules(algorithms: [.hs256], issuer: "i", audiences: ["chat", "talk"])
        #expect(try Tokens.refusal(Tokens.signed(#"{"iss":"i","aud":"chat"}"#), rules) == nil)
        #expect(try Tokens.refusal(Tokens.signed(#"{"iss":"i","aud":["x","talk"]}"#), rules) == nil)
        for (payload, refusal) in [
            (#"{"aud":"chat"}"#, TokenRefusal.issuer), (#"{"iss":"I","aud":"chat"}"#, .issuer),
            (#"{"iss":["i"],"aud":"chat"}"#, .issuer), (#"{"iss":"i"}"#, .audience),
            (#"{"iss":"i","aud":"chats"}"#, .audience), (#"{"iss":"i","aud":[]}"#, .audience),
            (#"{"iss":"i","aud":{"chat":1}}"#, .audience),
        ] {
            #expect(try Tokens.refusal(Tokens.signed(payload), rules) == refusal, "\(payload)")
        }
    }

    @Test("claims that are required")
    func required() throws {
        let rules = TokenRules(
            algorithms: [.hs256], required: [.init("scope", ["chat"]), .init("tenant", ["blue", "green"])])
        #expect(try Tokens.refusal(Tokens.signed(#"{"scope":"a chat","tenant":"blue"}"#), rules) == nil)
        #expect(
            try Tokens.refusal(Tokens.signed(#"{"scope":"a","tenant":"blue"}"#), rules)
                == .insufficient(claim: "scope", scope: "chat"))
        #expect(
            try Tokens.refusal(Tokens.signed(#"{"scope":["chat"],"tenant":"red"}"#), rules)
                == .insufficient(claim: "tenant", scope: nil))
    }

    @Test("an algorithm that isn't allowed is none, though the key is there and the signature right")
    func algorithms() throws {
        #expect(try Tokens.refusal(Tokens.signed("{}"), TokenRules(algorithms: [.es256])) == .algorithm)
    }

    @Test("a public key is no secret: RS256 as HS256")
    func confusion() throws {
        // Signed with the text of a public key as the secret, as if whoever checks took it for one.
        let keys = try KeySet(Array(Examples.rs256Key.utf8))
        let signed = Tokens.encode(#"{"alg":"HS256"}"#.utf8) + "." + Tokens.encode("{}".utf8)
        let signature = VerificationKey.hmac(
            "SHA256", key: Array(Examples.rs256Key.utf8), Array(signed.utf8))
        let token = try SignedToken((signed + "." + Tokens.encode(signature)).utf8)
        #expect(throws: TokenRefusal.unknownKey) {
            try TokenRules(algorithms: [.rs256, .hs256]).claims(token, keys: keys, now: 0)
        }
    }

    @Test("the examples of RFC 7515 are believed until they expire")
    func examples() throws {
        for example in [Examples.all[0], Examples.all[1], Examples.all[2]] {
            let keys = try KeySet(Array(example.key.utf8))
            let rules = TokenRules(algorithms: [example.algorithm], issuer: "joe")
            let claims = try rules.claims(SignedToken(example.token.utf8), keys: keys, now: 1_300_819_379)
            #expect(claims.text("http://example.com/is_root") == "true")
            #expect(throws: TokenRefusal.expired) {
                try rules.claims(SignedToken(example.token.utf8), keys: keys, now: 1_300_819_380)
            }
        }
    }
}
