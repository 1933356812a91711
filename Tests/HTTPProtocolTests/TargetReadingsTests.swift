import Testing

@testable import HTTPProtocol

@Suite("Readings of a target")
struct TargetReadingsTests {
    private func readings(_ text: String) throws -> Set<String> {
        let target = try RequestTarget(text: text)
        var all: Set<String> = []
        #expect(
            target.everyReading {
                all.insert($0); return true
            })
        return all
    }

    @Test(
        "a path that all read alike has none",
        arguments: ["/", "/a/b", "/%63hat/./room", "/~user/%C3%A9%20x", "/a,v=1/b", "/?//%2F\\", "/?a;b"])
    func none(_ text: String) throws {
        let target = try RequestTarget(text: text)
        #expect(!target.isAmbiguous)
        #expect(try readings(text).isEmpty)
    }

    @Test(
        "who decodes, merges, takes backslashes for slashes or a host for a host reads another path",
        arguments: [
            ("/chat%2Froom", "/chat/room"), ("/chat\\room", "/chat/room"), ("/chat%5Croom", "/chat/room"),
            ("//x/chat/room", "/chat/room"), ("/\\x/chat/room", "/chat/room"), ("/a//b", "/a/b"),
            ("/\\\\x\\chat\\room", "/chat/room"), ("/x/..\\chat/room", "/chat/room"),
            ("/x/%2e%2e%2fchat/room", "/chat/room"), ("/x/..%5cchat/room", "/chat/room"),
            ("///x/chat", "/chat"), ("/%2Fx/chat", "/chat"), ("/y/a//..%2F..%2Fchat", "/chat"),
            ("//a/chat/y//..%2F..", "/a/chat/"), ("/a%2Fb\\..\\c", "/c"), ("/a%2Fb\\..\\c", "/a/c"),
            ("/%40admin/x", "/@admin/x"), ("/api/queues/%2F/x", "/api/queues/x"), ("/.//x/chat", "/chat"),
            ("/chat;/room", "/chat/room"), ("/chat;v=1/room;w", "/chat/room"),
            ("/;x/chat/room", "/chat/room"),
            ("/chat%3Bv=1/room", "/chat/room"), ("/chat;a%2Fb/room", "/chat/room"), ("/;//;/chat", "/chat"),
            ("/x;/..%2Fchat", "/chat"), ("/a.;v=1", "/a."),
            ("/chat;\\room", "/chat/room"),
            ("/chat%2F%2e%2e", "/chat/.."), ("/chat%2Froom/..%2F..%2Fx", "/chat/room/../../x"),
        ])
    func others(_ text: String, _ path: String) throws { #expect(try readings(text).contains(path)) }

    @Test(
        "no condition holds where a reading climbs out, or hides dots behind parameters",
        arguments: [
            "/..%2Fa", "/a/..%5C..\\b", "/a/..;/b", "/a/..;x=1/b", "/a/.;/b", "/a/..%3B/b",
            "//..%2F..%2Fb",
        ])
    func impossible(_ text: String) throws {
        #expect(try !RequestTarget(text: text).everyReading { _ in true })
    }

    @Test("their number has a bound")
    func bound() throws {
        let worst = try RequestTarget(
            text: "//x;//%2F..%2F\\a/..\\%5Cb/%40/" + String(repeating: "a/", count: 99))
        var count = 0
        _ = worst.everyReading { _ in
            count += 1; return true
        }
        #expect(count > 9 && count <= 84 && Reading.ways.count == 12)
    }

    @Test("judges what is told, and passes errors on")
    func condition() throws {
        struct Stop: Error {}
        let target = try RequestTarget(text: "/a%2Fb")
        #expect(!target.everyReading { $0 != "/a/b" })
        #expect(throws: Stop.self) { try target.everyReading { (_) throws(Stop) in throw Stop() } }
    }
}
