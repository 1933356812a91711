import Routing
import Testing

@Suite("Origin policy")
struct OriginPolicyTests {
    @Test("without a list any page may connect, and who sends no Origin always may")
    func open() {
        #expect(OriginPolicy(nil).accepts("https://evil.example") && OriginPolicy(nil).accepts(nil))
        #expect(OriginPolicy([]).accepts(nil) && OriginPolicy(["https://a.example"]).accepts(nil))
    }

    @Test("with one, only those on it, whatever their case; a part or a neighbour is another")
    func listed() {
        let policy = OriginPolicy(["https://A.example", "null"])
        for origin in ["https://a.example", "HTTPS://A.EXAMPLE", "null"] { #expect(policy.accepts(origin)) }
        for origin in [
            "", "http://a.example", "https://a.example:8443", "https://a.example.evil", "https://b.a.example",
            "https://a.example/", "a.example",
        ] {
            #expect(!policy.accepts(origin), "\(origin)")
        }
        #expect(!OriginPolicy([]).accepts("https://a.example"))
    }
}
