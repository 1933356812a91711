import Access
import Testing

struct VerificationKeyTests {
    private func key(_ jwk: String, for algorithm: SignatureAlgorithm) throws -> VerificationKey {
        try #require(try KeySet(Array(jwk.utf8)).candidates(id: nil, for: algorithm).first)
    }

    private func parts(_ token: String) throws -> (data: [UInt8], signature: [UInt8]) {
        let end = try #require(token.lastIndex(of: "."))
        let signature = try #require(Base64URL.decode(String(token[token.index(after: end)...])))
        return (Array(token[..<end].utf8), signature)
    }

    @Test("the examples of RFC 7515 and RFC 8037 are right, and not with any byte changed")
    func examples() throws {
        for example in Examples.all {
            let key = try key(example.key, for: example.algorithm)
            let (data, signature) = try parts(example.token)
            #expect(key.verifies(signature, of: data, by: example.algorithm), "\(example.algorithm)")
            for place in [0, signature.count / 2, signature.count - 1] {
                var other = signature
                other[place] ^= 1
                #expect(!key.verifies(other, of: data, by: example.algorithm))
            }
            #expect(!key.verifies(signature, of: data + [0], by: example.algorithm))
            #expect(!key.verifies([], of: data, by: example.algorithm))
            #expect(!key.verifies(Array(signature.dropLast()), of: data, by: example.algorithm))
            #expect(!key.verifies(signature + [0], of: data, by: example.algorithm))
            #expect(!key.verifies([0] + signature, of: data, by: example.algorithm))
        }
    }

    @Test("a key is for the algorithms of its kind only")
    func kinds() throws {
        for example in Examples.all {
            let key = try key(example.key, for: example.algorithm)
            let (data, signature) = try parts(example.token)
            for other in SignatureAlgorithm.allCases where other != example.algorithm {
                #expect(!key.verifies(signature, of: data, by: other), "\(example.algorithm) as \(other)")
            }
        }
    }

    @Test("a signature of nothing but zeros is none (CVE-2022-21449)")
    func zeros() throws {
        let key = try key(Examples.es256Key, for: .es256)
        #expect(!key.verifies([UInt8](repeating: 0, count: 64), of: Array("a.b".utf8), by: .es256))
        let edwards = try self.key(Examples.edDSAKey, for: .edDSA)
        #expect(!edwards.verifies([UInt8](repeating: 0, count: 64), of: Array("a.b".utf8), by: .edDSA))
    }

    @Test("points that are not on the curve, and numbers of other lengths, are no keys")
    func points() {
        let good = [UInt8](repeating: 1, count: 32)
        #expect(VerificationKey(curve: "P-256", x: good, y: good) == nil)
        #expect(VerificationKey(curve: "P-256", x: [0] + good, y: good) == nil)
        #expect(VerificationKey(curve: "secp256k1", x: good, y: good) == nil)
        #expect(VerificationKey(edwards: "Ed25519", x: good + [1]) == nil)
        #expect(VerificationKey(edwards: "X25519", x: good) == nil)
    }

    @Test("weak and huge RSA keys are none")
    func numbers() {
        let modulus = [0xC1] + [UInt8](repeating: 0x55, count: 255)
        #expect(VerificationKey(rsaModulus: modulus, exponent: [1, 0, 1]) != nil)
        #expect(VerificationKey(rsaModulus: Array(modulus.prefix(128)), exponent: [1, 0, 1]) == nil)
        #expect(VerificationKey(rsaModulus: modulus, exponent: [1]) == nil)
        #expect(VerificationKey(rsaModulus: modulus, exponent: []) == nil)
        #expect(VerificationKey(rsaModulus: modulus, exponent: [UInt8](repeating: 255, count: 256)) == nil)
        #expect(
            VerificationKey(rsaModulus: [1] + [UInt8](repeating: 1, count: 2048), exponent: [1, 0, 1]) == nil)
    }
}
