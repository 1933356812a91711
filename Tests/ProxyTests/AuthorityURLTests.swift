import HTTPProtocol
import Testing

@testable import Proxy

@Suite("Addresses of authorities")
struct AuthorityURLTests {
    @Test("taken apart")
    func parts() throws {
        let url = try #require(AuthorityURL("https://ca.example/a/b?c=d#e"))
        #expect(url.isSecure && url.host == "ca.example" && url.port == 443)
        #expect(url.target.text == "/a/b?c=d" && url.authority == "ca.example")
        let plain = try #require(AuthorityURL("http://[::1]:8080"))
        #expect(!plain.isSecure && plain.host == "::1" && plain.port == 8080)
        #expect(plain.target.text == "/" && plain.authority == "[::1]:8080")
    }

    @Test(
        "what is none is nil",
        arguments: [
            "", "ca.example", "ftp://ca/x", "https:/ca", "https:///x", "https://user@ca/", "https://ca:x/",
            "https://ca:99999/",
        ])
    func broken(_ text: String) { #expect(AuthorityURL(text) == nil) }
}
