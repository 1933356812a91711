import Testing

@testable import Access

struct ClaimsTests {
    private func claims(_ text: String) throws(TokenRefusal) -> Claims { try Claims(Array(text.utf8)) }

    @Test("times are numbers that mean one")
    func times() throws {
        #expect(try claims(#"{"exp":1.5e3}"#).expiry == 1500)
        #expect(try claims(#"{"iat":7,"exp":253402300799}"#).issuedAt == 7)
        for value in [
            #""1500""#, "NaN", "9223372036854775808", "1e400", "-1", "null", "true", "[1500]",
            "18446744073709551616",
            "253402300800", "{}",
        ] {
            for name in ["exp", "nbf", "iat"] {
                #expect(throws: TokenRefusal.claims) { try claims(#"{"\#(name)":\#(value)}"#) }
            }
        }
    }

    @Test("a payload is an object, with each name once, and subjects are text")
    func shape() {
        for text in ["", "[]", "7", #"{"sub":5}"#, #"{"jti":{}}"#, #"{"exp":1,"exp":2}"#, #"{"a":"#] {
            #expect(throws: TokenRefusal.claims) { try claims(text) }
        }
    }

    @Test("a claim as text, by its name or a path")
    func text() throws {
        let claims = try claims(
            #"{"sub":"u","n":12345678901234567890,"b":true,"l":["a",1],"o":{"x":"y"},"a.b":"c","e":[],"z":null}"#
        )
        #expect(claims.subject == "u")
        #expect(
            ["sub", "n", "b", "l", "o.x", "a.b"].map { claims.text($0) }
                == ["u", "12345678901234567890", "true", "a,1", "y", "c"])
        for name in ["o", "e", "z", "none", "o.y", "o.x.y", ".", "o."] { #expect(claims.text(name) == nil) }
    }

    @Test("a claim that a field does not hold as it is is no value of one")
    func fieldValues() throws {
        let claims = try claims(
            #"{"good":"Ada Lovelace é","list":["a b",7,{"x":1},true],"e":"","line":"ada\r\nX-Admin: 1","nul":"root\u0000","#
                + #""tab":"a\tb","del":"a\u007f","first":" admin","last":"admin\n","blank":"admin ","lists":["a","b,admin"],"#
                + #""inner":["a "," b"],"wide":"admin\u00a0"}"#)
        #expect(claims.fieldValue("good") == "Ada Lovelace é" && claims.fieldValue("list") == "a b,7,true")
        #expect(claims.fieldValue("e") == "" && claims.fieldValue("none") == nil)
        for name in ["line", "nul", "tab", "del", "first", "last", "blank", "lists", "inner"] {
            #expect(claims.fieldValue(name) == nil && claims.text(name) != nil, "\(name)")
        }
        // Not what HTTP takes for a blank, and so passed on as it is.
        #expect(claims.fieldValue("wide") == "admin\u{A0}")
    }

    @Test("texts that look the same are not the same")
    func bytes() throws {
        let claims = try claims(
            #"{"iss":"caf\u00e9","aud":["caf\u00e9"],"scope":"caf\u00e9 x","tenant":"caf\u00e9"}"#)
        let (composed, other) = ("caf\u{E9}", "cafe\u{301}")
        #expect(composed == other)
        #expect(claims.isIssued(by: composed) && !claims.isIssued(by: other))
        #expect(claims.isFor(oneOf: [composed]) && !claims.isFor(oneOf: [other]))
        #expect(claims.has("scope", oneOf: [composed]) && !claims.has("scope", oneOf: [other]))
        #expect(claims.has("tenant", oneOf: [composed]) && !claims.has("tenant", oneOf: [other]))
    }

    @Test("values of a claim: itself, members of a list, words of a scope")
    func values() throws {
        let claims = try claims(
            #"{"scope":"read chat","tenant":"blue","roles":["a","b"],"name":"one two","age":7,"realm":{"roles":["x"]}}"#
        )
        #expect(claims.has("scope", oneOf: ["chat"]))
        #expect(!claims.has("scope", oneOf: ["cha", "chat read", ""]))
        #expect(claims.has("tenant", oneOf: ["green", "blue"]))
        #expect(claims.has("roles", oneOf: ["b"]) && !claims.has("roles", oneOf: ["c"]))
        #expect(!claims.has("name", oneOf: ["one"]) && claims.has("name", oneOf: ["one two"]))
        #expect(claims.has("age", oneOf: ["7"]) && claims.has("realm.roles", oneOf: ["x"]))
        #expect(!claims.has("none", oneOf: ["x"]))
    }
}
