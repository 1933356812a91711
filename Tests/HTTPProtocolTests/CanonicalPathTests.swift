import Testing

@testable import HTTPProtocol

@Suite("Canonical path")
struct CanonicalPathTests {
    @Test(
        "dot segments are removed, encoded ones too",
        arguments: [
            ("/", "/"), ("/a/b", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/%2e%2E/b", "/b"),
            ("/a/.%2e/b", "/b"), ("/a/..", "/"), ("/a/b/.", "/a/b/"), ("/a/b/..", "/a/"), ("/a//b", "/a//b"),
            ("/a/...", "/a/..."), ("/a/%2e", "/a/"), ("/.a", "/.a"), ("/a./b", "/a./b"), ("/a../b", "/a../b"),
            ("/a//../b", "/a/b"), ("/.", "/"), ("//", "//"), ("//..", "/"), ("/a/b/../../c", "/c"),
            ("/..a/.b", "/..a/.b"), ("/.%2E.", "/..."), ("/./a", "/a"),
        ])
    func dots(_ text: String, _ path: String) throws { #expect(try read(text) == path) }

    @Test(
        "unreserved characters are decoded once, other encodings are in upper case",
        arguments: [
            ("/%63h%61t", "/chat"), ("/%7e%2D%5f%2e%30", "/~-_.0"), ("/a%2fb%5c", "/a%2Fb%5C"),
            ("/%c3%a9", "/%C3%A9"), ("/%2563hat", "/%2563hat"), ("/%25%36%33", "/%2563"), ("/%20", "/%20"),
            ("/a:b@c%3a", "/a:b@c%3A"),
        ])
    func encodings(_ text: String, _ path: String) throws { #expect(try read(text) == path) }

    @Test("ends where the query begins")
    func query() throws {
        var path = CanonicalPath(capacity: 0)
        let bytes = Array("/a/..?b".utf8)
        #expect(try path.read(bytes.span) == 5 && path.bytes == Array("/".utf8))
    }

    @Test("is its own canonical form, whatever it was made of")
    func idempotent() throws {
        let pieces = ["/", ".", "..", "%2e", "%2F", "%5C", "\\", "a", "%61", ";", "%25", "//"]
        var state: UInt64 = 1
        for _ in 0..<3000 {
            var text = "/"
            for _ in 0..<7 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            guard let once = try? read(text) else { continue }
            #expect(try read(once) == once, "\(text)")
        }
    }

    private func read(_ text: String) throws(RequestTargetError) -> String {
        var path = CanonicalPath(capacity: text.utf8.count)
        let bytes = Array(text.utf8)
        _ = try path.read(bytes.span)
        return String(decoding: path.bytes, as: UTF8.self)
    }
}
