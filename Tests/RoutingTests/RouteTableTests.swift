import Routing
import Testing

@Suite("Routes")
struct RouteTableTests {
    @Test("first match wins; hosts exact and by wildcard; paths exact and by prefix at a segment's end")
    func matches() {
        let table = RouteTable([
            RouteMatch(host: "chat.example.com", path: "/chat/"),
            RouteMatch(host: "*.example.com", path: "/exact"),
            RouteMatch(host: nil, path: "/any/"), RouteMatch(host: nil, path: nil),
        ])
        let cases: [(String, String, Int)] = [
            ("chat.example.com", "/chat", 0), ("chat.example.com", "/chat/x", 0),
            ("chat.example.com", "/chatter", 3),
            ("a.b.example.com", "/exact", 1), ("example.com", "/exact", 3), ("a.example.com", "/exact/", 3),
            ("x", "/any/", 2),
        ]
        for (host, path, index) in cases {
            #expect(table.route(RouteRequest(host: host, path: path)) == index, "\(host)\(path)")
        }
        #expect(
            RouteTable([RouteMatch(host: "a", path: nil)]).route(RouteRequest(host: "b", path: "/")) == nil)
    }

    @Test("fields, subprotocols and patterns narrow a match")
    func conditions() {
        let table = RouteTable([
            RouteMatch(
                host: nil, path: nil,
                fields: [FieldMatch(name: "X-Tenant", value: "blue"), FieldMatch(name: "x-any", value: "*")]),
            RouteMatch(host: nil, path: nil, subprotocols: ["mqtt", "stomp"]),
            RouteMatch(host: nil, path: nil, pattern: PathPattern("/room/[0-9]+")),
        ])
        func route(_ path: String, _ fields: [String: [String]] = [:], _ offered: [String] = []) -> Int? {
            table.route(
                RouteRequest(host: "a", path: path, subprotocols: offered, values: { fields[$0] ?? [] }))
        }
        #expect(route("/", ["x-tenant": ["red", "blue"], "x-any": [""]]) == 0)
        #expect(route("/", ["x-tenant": ["blue"]]) == nil)
        #expect(route("/", ["x-tenant": ["BLUE"], "x-any": ["1"]]) == nil)
        #expect(route("/", [:], ["chat", "stomp"]) == 1)
        #expect(route("/room/12") == 2)
        #expect(route("/room/12/more") == nil && route("/a/room/12") == nil && route("/room/") == nil)
    }

    @Test("rewrites at a segment's end, keeps the query and a leading slash")
    func rewrite() {
        let strip = PathRewrite.stripPrefix("/chat")
        for (from, to) in [
            ("/chat/a?b", "/a?b"), ("/chat", "/"), ("/chat?x", "/?x"), ("/chatter", "/chatter"),
        ] {
            #expect(strip.apply(from) == to)
        }
        #expect(PathRewrite.replacePrefix("/chat/", with: "/ws").apply("/chat/a") == "/ws/a")
    }
}
