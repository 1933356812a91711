import Routing
import Testing

@Suite("Origin policy")
struct OriginPolicyTests {
    private func accepts(_ policy: OriginPolicy, _ origins: String...) -> Bool {
        policy.accepts(origins.map { Array($0.utf8) })
    }

    @Test("without a list any page may connect, and who sends no Origin always may")
    func open() {
        #expect(accepts(OriginPolicy(nil), "https://evil.example") && accepts(OriginPolicy(nil)))
        #expect(accepts(OriginPolicy([])) && accepts(OriginPolicy(["https://a.example"])))
    }

    @Test("with one, only those on it, whatever their case; a part or a neighbour is another")
    func listed() {
        let policy = OriginPolicy(["https://A.example", "null"])
        for origin in ["https://a.example", "HTTPS://A.EXAMPLE", "null"] { #expect(accepts(policy, origin)) }
        for origin in [
            "", "http://a.example", "https://a.example:8443", "https://a.example.evil", "https://b.a.example",
            "https://a.example/", "a.example",
        ] {
            #expect(!accepts(policy, origin), "\(origin)")
        }
        #expect(!accepts(OriginPolicy([]), "https://a.example"))
    }

    @Test("each of several lines must be on it, and only equal bytes are equal")
    func bytes() {
        let policy = OriginPolicy(["https://a.example", "https://k\u{e9}.example"])
        #expect(!accepts(policy, "https://a.example", "https://evil.example"))
        #expect(accepts(policy, "https://a.example", "https://A.example"))
        // Text would hold these equal: a Kelvin sign in lower case is k, and e with an accent has two spellings.
        #expect(!accepts(policy, "https://\u{212a}\u{e9}.example"))
        #expect(!accepts(policy, "https://ke\u{301}.example"))
        #expect(!policy.accepts([[0xff]]) && !OriginPolicy(["\u{fffd}"]).accepts([[0xff]]))
    }
}
