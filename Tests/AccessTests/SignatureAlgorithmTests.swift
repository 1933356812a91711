import Access
import Testing

struct SignatureAlgorithmTests {
    @Test("there is no 'none', in any spelling, nor what isn't known")
    func names() {
        for name in [
            "none", "None", "NONE", "nOnE", "", "HS1", "ES256K", "es256", "RS256 ", "RSA-OAEP", "dir",
        ] {
            #expect(SignatureAlgorithm(rawValue: name) == nil)
        }
        #expect(SignatureAlgorithm.allCases.filter(\.isSymmetric) == [.hs256, .hs384, .hs512])
    }
}
