import HTTPProtocol
import Testing

@Suite("Request target")
struct RequestTargetTests {
    @Test("the query is apart and as it came")
    func queries() throws {
        let target = try RequestTarget(text: "/%61/./?b=../../%63?d")
        #expect(target.path == "/a/" && target.query == "b=../../%63?d")
        #expect(target.text == "/a/?b=../../%63?d" && "\(target)" == target.text)
        #expect(try RequestTarget(text: "/a").query == nil)
        #expect(try RequestTarget(text: "/a?").query == "" && RequestTarget(text: "/a?").text == "/a?")
    }

    @Test(
        "two spellings of one target are one", arguments: ["/%7euser", "/%7Euser", "/x/../~user", "/./~user"])
    func equal(_ text: String) throws {
        #expect(try RequestTarget(text: text) == RequestTarget(text: "/~user"))
    }

    @Test(
        "what is no target is refused, each with its reason",
        arguments: [
            ("", RequestTargetError.malformed), ("a", .malformed), ("*", .malformed), ("/a b", .malformed),
            ("/a#b", .malformed), ("/?a#b", .malformed), ("/\u{e9}", .malformed), ("/?\u{7f}", .malformed),
            ("/?\n", .malformed), ("/%", .malformedEncoding), ("/%2", .malformedEncoding),
            ("/%2?", .malformedEncoding), ("/%zz", .malformedEncoding), ("/%%36%33hat", .malformedEncoding),
            ("/%00", .controlByte), ("/a%0d%0a", .controlByte), ("/%7F", .controlByte), ("/..", .aboveRoot),
            ("/../a", .aboveRoot), ("/a/../../b", .aboveRoot), ("/%2e%2e/", .aboveRoot),
            ("/./..", .aboveRoot),
        ])
    func refused(_ text: String, _ error: RequestTargetError) {
        #expect(throws: error) { try RequestTarget(text: text) }
        #expect(!error.reason.isEmpty)
    }

    @Test("another path keeps the query, and must be canonical")
    func replaced() throws {
        let target = try RequestTarget(text: "/a?b")
        #expect(target.replacing(path: "/c/d")?.text == "/c/d?b")
        for path in ["", "c", "/c/../d", "/%63", "/c?d", "/c d"] {
            #expect(target.replacing(path: path) == nil)
        }
        #expect(target.replacing(path: "/a%2Fb")?.isAmbiguous == true)
    }

    @Test(
        "the host is in lower case, without port and trailing dot",
        arguments: [
            ("Chat.Example.COM", "chat.example.com"), ("a:8443", "a"), ("a.", "a"), ("a.:80", "a"),
            ("[::1]", "[::1]"),
            ("[2001:DB8::1]:80", "[2001:db8::1]"), ("", ""),
        ])
    func hosts(_ host: String, _ name: String) { #expect(RequestTarget.hostName(host) == name) }

    @Test(
        "an authority has its port, unless it is one that says nothing",
        arguments: [
            ("A.example:80", "a.example"), ("a:8000", "a"), ("a:800", "a:800"), ("a.:81", "a:81"), ("a", "a"),
            ("a:", "a"), ("a:443", "a:443"),
            ("[::1]:80", "[::1]"), ("[::1]:81", "[::1]:81"), ("[::1]", "[::1]"), ("[::1", "[::1]"), ("", ""),
            (":81", ":81"),
        ])
    func authorities(_ host: String, _ expected: String) {
        #expect(RequestTarget.authority(host, without: ["80", "8000"]) == expected)
    }
}
