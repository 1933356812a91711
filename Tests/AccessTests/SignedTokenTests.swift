import Access
import Testing

struct SignedTokenTests {
    @Test(
        "what is no token of three parts is refused",
        arguments: ["", ".", "..", "a.b", "a.b.c.d", "a.b.c.d.e", "e30.e30.AA", " ", "....", "é.é.é"])
    func malformed(text: String) {
        #expect(throws: TokenRefusal.self) { try SignedToken(text.utf8) }
    }

    @Test(
        "headers that are not understood",
        arguments: [
            (#"{"alg":"none"}"#, TokenRefusal.algorithm), (#"{"alg":"None"}"#, .algorithm),
            (#"{}"#, .algorithm), (#"{"alg":5}"#, .algorithm), (#"{"alg":["HS256"]}"#, .algorithm),
            (#"{"alg":"HS256","crit":["exp"]}"#, .malformed), (#"{"alg":"HS256","crit":[]}"#, .malformed),
            (#"{"alg":"HS256","b64":false}"#, .malformed), (#"{"alg":"HS256","alg":"none"}"#, .malformed),
            (#"{"alg":"HS256","kid":7}"#, .malformed), (#"["HS256"]"#, .malformed),
            (#"{"alg":"HS256","kid":"\#(String(repeating: "k", count: 300))"}"#, .malformed),
            (#"{"alg":"HS256","x":\#(String(repeating: "[", count: 5000))"#, .malformed),
        ])
    func headers(header: String, refusal: TokenRefusal) throws {
        #expect(try Tokens.refusal(Tokens.signed("{}", header: header)) == refusal)
    }

    @Test("keys that a token brings along, and addresses of some, are not used")
    func embedded() throws {
        let secret = Tokens.encode(Tokens.secret)
        for extra in [
            #""jwk":{"kty":"oct","k":"\#(secret)"}"#, #""jku":"https://evil.example/keys""#,
            #""x5u":"https://evil.example/x""#, #""x5c":["AAAA"]"#,
        ] {
            let right = Tokens.signed("{}", header: #"{"alg":"HS256",\#(extra)}"#)
            #expect(try Tokens.refusal(right) == nil)
            let other = Tokens.signed("{}", header: #"{"alg":"HS256","kid":"evil",\#(extra)}"#)
            #expect(try Tokens.refusal(other) == .unknownKey)
        }
    }

    @Test("an empty signature, and one that has been cut off")
    func signatures() throws {
        let token = Tokens.signed("{}")
        let end = try #require(token.lastIndex(of: "."))
        #expect(try Tokens.refusal(String(token[...end])) == .signature)
        #expect(try Tokens.refusal(String(token.dropLast(4))) != nil)
    }

    @Test("a token of megabytes is refused before it is read")
    func size() throws {
        #expect(
            try Tokens.refusal(Tokens.signed(#"{"a":"\#(String(repeating: "x", count: 2 << 20))"}"#))
                == .malformed)
    }

    @Test("whatever one byte of a token is changed to, it is refused")
    func everyByte() throws {
        let token = Array(Tokens.signed(#"{"sub":"a"}"#).utf8)
        for place in token.indices {
            var other = token
            other[place] = other[place] == 65 ? 66 : 65
            #expect(try Tokens.refusal(String(decoding: other, as: UTF8.self)) != nil, "\(place)")
        }
    }
}
