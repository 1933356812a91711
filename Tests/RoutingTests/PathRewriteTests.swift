import Routing
import Testing

@Suite("Path rewriting")
struct PathRewriteTests {
    @Test(
        "a prefix is stripped at a segment's end only, and a path is left",
        arguments: [
            ("/chat", "/chat/room", "/room"), ("/chat", "/chat", "/"), ("/chat", "/chat/", "/"),
            ("/chat/", "/chat/room", "/room"), ("/chat/", "/chat", "/"), ("/chat", "/chatter", "/chatter"),
            ("/chat", "/chat?x=/chat/", "/?x=/chat/"), ("/chat", "/chat/a?b?c", "/a?b?c"),
            ("/chat", "/other", "/other"), ("/chat", "/a/chat/b", "/a/chat/b"), ("/", "/a", "/a"),
            ("/", "/", "/"), ("/chat", "/chat//a", "//a"), ("/chat", "/chat?", "/?"),
        ])
    func strip(prefix: String, target: String, wanted: String) {
        #expect(PathRewrite.stripPrefix(prefix).apply(target) == wanted)
    }

    @Test(
        "a prefix is replaced by another, with or without its slash",
        arguments: [
            ("/chat", "/ws", "/chat/room?q", "/ws/room?q"), ("/chat/", "/ws/", "/chat/room", "/ws/room"),
            ("/chat", "/ws/", "/chat/room", "/ws/room"), ("/chat", "/ws", "/chat", "/ws"),
            ("/chat", "/", "/chat/room", "/room"), ("/chat", "/ws", "/chatter", "/chatter"),
            ("/", "/v1", "/a", "/v1/a"), ("/", "/v1", "/", "/v1/"),
        ])
    func replace(prefix: String, replacement: String, target: String, wanted: String) {
        #expect(PathRewrite.replacePrefix(prefix, with: replacement).apply(target) == wanted)
    }
}
