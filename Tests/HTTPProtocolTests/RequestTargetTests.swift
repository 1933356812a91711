import HTTPProtocol
import Testing

@Suite("Request target")
struct RequestTargetTests {
    @Test(
        "dot segments are resolved for routing, encoded ones too",
        arguments: [
            ("/", "/"), ("/a/b", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/%2e%2E/b", "/b"),
            ("/a/.%2e/b", "/b"), ("/a/..", "/"), ("/a/b/.", "/a/b/"), ("/a/b/..", "/a/"), ("/a//b", "/a//b"),
            ("/a/...", "/a/..."), ("/a%2fb", "/a%2fb"), ("/a/%2e", "/a/"), ("/.a", "/.a"),
            ("/a//../b", "/a/b"),
        ])
    func paths(_ target: String, _ path: String) { #expect(RequestTarget(target)?.path == path) }

    @Test(
        "a path above the root is none",
        arguments: ["/..", "/../a", "/a/../../b", "/%2e%2e/", "/./..", "", "a"])
    func aboveRoot(_ target: String) { #expect(RequestTarget(target) == nil) }

    @Test("the query is apart, and dots in it mean nothing")
    func queries() throws {
        let target = try #require(RequestTarget("/a?b=../../c?d"))
        #expect(target.path == "/a")
        #expect(target.query == "b=../../c?d")
        #expect(RequestTarget("/a")?.query == nil)
        #expect(RequestTarget("/a?")?.query == "")
    }

    @Test(
        "the host is in lower case, without port and trailing dot",
        arguments: [
            ("Chat.Example.COM", "chat.example.com"), ("a:8443", "a"), ("a.", "a"), ("a.:80", "a"),
            ("[::1]", "[::1]"),
            ("[2001:DB8::1]:80", "[2001:db8::1]"), ("", ""),
        ])
    func hosts(_ host: String, _ name: String) { #expect(RequestTarget.hostName(host) == name) }
}
