import ACME
import Testing

@Suite("Keys")
struct PrivateKeyTests {
    @Test("the public half and its thumbprint are those of another program")
    func known() throws {
        let key = try Known.account()
        #expect(
            key.jwk
                == .object([
                    "crv": .text("P-256"), "kty": .text("EC"), "x": .text(Known.x), "y": .text(Known.y),
                ]))
        #expect(key.thumbprint == Known.thumbprint)
        #expect(key.algorithm == "ES256")
    }

    @Test(
        "each kind is made, written, read and signs",
        arguments: [(KeyKind.p256, "ES256", 64), (.p384, "ES384", 96), (.rsa2048, "RS256", 256)])
    func kinds(_ kind: KeyKind, _ algorithm: String, _ size: Int) throws {
        let key = try PrivateKey(generating: kind)
        #expect(key.algorithm == algorithm)
        #expect(try key.sign([1, 2, 3]).count == size)
        let again = try PrivateKey(pem: key.pem)
        #expect(again.jwk == key.jwk)
        #expect(again.thumbprint == key.thumbprint)
        if kind == .rsa2048 { #expect(key.jwk["e"]?.string == "AQAB") }
    }

    @Test(
        "what is no key is refused",
        arguments: ["", "x", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"])
    func broken(_ text: String) {
        #expect(throws: ACMEError.self) { try PrivateKey(pem: Array(text.utf8)) }
    }
}
