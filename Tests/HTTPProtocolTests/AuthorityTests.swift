import Testing

@testable import HTTPProtocol

@Suite("Authorities")
struct AuthorityTests {
    @Test(
        "are the same whatever the case, with the default port or without",
        arguments: [
            ("a.example", "A.EXAMPLE", true), ("a.example:80", "a.example", true), ("a:", "a:80", true),
            ("[::1]:80", "[::1]", true), ("a:81", "a", false), ("a:080", "a", false), ("a", "b", false),
            ("a:80:80", "a", false), ("", ":80", true),
        ])
    func same(_ a: String, _ b: String, isSame: Bool) {
        #expect(isSameAuthority(a, b, defaultPort: "80") == isSame)
        #expect(isSameAuthority(b, a, defaultPort: "80") == isSame)
    }

    @Test(
        "a host and an optional port, and no more",
        arguments: ["a", "a.b:1", "[::1]", "[::1]:80", "a_b", "a:"])
    func good(_ text: String) { #expect(isAuthority(text)) }

    @Test("anything else is none", arguments: ["u@a", "a,b", "a b", "[::1", "a:x", "a/b", "\u{e9}"])
    func bad(_ text: String) { #expect(!isAuthority(text)) }
}
