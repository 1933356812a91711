import Access
import Testing

struct KeySetTests {
    private func set(_ text: String) throws(KeySetError) -> KeySet { try KeySet(Array(text.utf8)) }

    @Test("keys of other kinds, for other uses or that are broken are left out, the rest is taken")
    func leftOut() throws {
        let keys = try set(
            """
            {"keys":[\(Examples.es256Key), {"kty":"XYZ"}, {"kty":"oct","k":"c2hvcnQ"},
            {"kty":"EC","crv":"P-256","x":"AA","y":"AA"}, {"kty":"OKP","crv":"X25519","x":"AA"}, 7,
            \(Examples.rs256Key.dropLast()),"use":"enc"}, \(Examples.rs256Key.dropLast()),"key_ops":["encrypt"]},
            \(Examples.rs256Key.dropLast()),"alg":"RSA-OAEP"}, \(Examples.rs256Key.dropLast()),"kid":5}]}
            """)
        #expect(keys.count == 1)
        #expect(keys.ignored == 9)
    }

    @Test("a name chooses a key, an unknown name none, and keys without a name are tried for all")
    func names() throws {
        let named = Examples.es256Key.dropLast() + #","kid":"a"}"#
        let keys = try set(#"{"keys":[\#(named)]}"#)
        #expect(keys.candidates(id: "a", for: .es256).count == 1)
        #expect(keys.candidates(id: nil, for: .es256).count == 1)
        for id in ["b", "", "../a", "a' OR '1'='1", String(repeating: "a", count: 1 << 20)] {
            #expect(keys.candidates(id: id, for: .es256).isEmpty)
        }
        #expect(keys.candidates(id: "a", for: .hs256).isEmpty)
        #expect(try set(Examples.es256Key).candidates(id: "b", for: .es256).count == 1)
    }

    @Test("a key that names its algorithm is for no other")
    func algorithms() throws {
        let keys = try set(String(Examples.rs256Key.dropLast()) + #","alg":"PS256"}"#)
        #expect(keys.candidates(id: nil, for: .rs256).isEmpty)
        #expect(keys.candidates(id: nil, for: .ps256).count == 1)
    }

    @Test("no keys, too many, and what is none")
    func errors() {
        #expect(throws: KeySetError.empty) { try set(#"{"keys":[]}"#) }
        #expect(throws: KeySetError.malformed) { try set(#"{"keys":5}"#) }
        #expect(throws: KeySetError.malformed) { try set("{") }
        #expect(throws: KeySetError.empty) { try set("") }
        #expect(throws: KeySetError.empty) { try set("hello") }
        let many = Array(repeating: Examples.es256Key, count: 101).joined(separator: ",")
        #expect(throws: KeySetError.tooMany) { try set(#"{"keys":[\#(many)]}"#) }
    }

    @Test("PEM: public keys and certificates, but no private ones")
    func pem() throws {
        let one = """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
            -----END PUBLIC KEY-----
            """
        let keys = try set(one + "\n" + one + "\n")
        #expect(keys.count == 2)
        #expect(keys.candidates(id: "any", for: .edDSA).count == 2)
        #expect(throws: KeySetError.privateKey) {
            try set(one.replacing("PUBLIC", with: "PRIVATE"))
        }
        #expect(throws: KeySetError.malformed) { try set(one.replacing("MCow", with: "MCox")) }
    }
}
