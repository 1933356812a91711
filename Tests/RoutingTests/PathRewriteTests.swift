import Routing
import Testing

@Suite("Path rewriting")
struct PathRewriteTests {
    @Test(
        "a prefix is stripped at a segment's end only, and a path without it is left",
        arguments: [
            ("/chat", "/chat/room", "/room"), ("/chat", "/chat", "/"), ("/chat", "/chat/", "/"),
            ("/chat/", "/chat/room", "/room"), ("/chat/", "/chat", "/"), ("/chat", "/chatter", nil),
            ("/chat", "/other", nil), ("/chat", "/a/chat/b", nil), ("/", "/a", "/a"), ("/", "/", "/"),
            ("/chat", "/chat//a", "//a"),
        ])
    func strip(prefix: String, path: String, wanted: String?) {
        #expect(PathRewrite.stripPrefix(prefix).apply(path) == wanted)
    }

    @Test(
        "a prefix is replaced by another, with or without its slash",
        arguments: [
            ("/chat", "/ws", "/chat/room", "/ws/room"), ("/chat/", "/ws/", "/chat/room", "/ws/room"),
            ("/chat", "/ws/", "/chat/room", "/ws/room"), ("/chat", "/ws", "/chat", "/ws"),
            ("/chat", "/", "/chat/room", "/room"), ("/chat", "/", "/chat", "/"),
            ("/chat", "/ws", "/chatter", nil), ("/", "/v1", "/a", "/v1/a"), ("/", "/v1", "/", "/v1/"),
        ])
    func replace(prefix: String, replacement: String, path: String, wanted: String?) {
        #expect(PathRewrite.replacePrefix(prefix, with: replacement).apply(path) == wanted)
    }

    @Test("what it reaches is the new prefix and all below")
    func reaches() {
        let replace = PathRewrite.replacePrefix("/pub", with: "/tenants/one/")
        #expect(replace.reaches("/tenants/one") && replace.reaches("/tenants/one/x"))
        #expect(!replace.reaches("/tenants/ones") && !replace.reaches("/tenants") && !replace.reaches("/"))
        #expect(PathRewrite.stripPrefix("/pub").reaches("/anything"))
    }
}
