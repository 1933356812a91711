import Patterns
import Routing
import Testing

@Suite("Routes")
struct RouteTableTests {
    @Test("first match wins; hosts exact and by wildcard; paths exact and by prefix at a segment's end")
    func matches() throws {
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
            #expect(try table.route(RouteRequest(host: host, path: path)) == index, "\(host)\(path)")
        }
        #expect(
            try RouteTable([RouteMatch(host: "a", path: nil)]).route(RouteRequest(host: "b", path: "/"))
                == nil)
    }

    @Test("fields, subprotocols and patterns narrow a match")
    func conditions() throws {
        let table = RouteTable([
            RouteMatch(
                host: nil, path: nil,
                fields: [FieldMatch(name: "X-Tenant", value: "blue"), FieldMatch(name: "x-any", value: "*")]),
            RouteMatch(host: nil, path: nil, subprotocols: ["mqtt", "stomp"]),
            RouteMatch(host: nil, path: nil, pattern: PathPattern("/room/[0-9]+")),
        ])
        func route(_ path: String, _ fields: [String: [String]] = [:], _ offered: [String] = []) throws
            -> Int?
        {
            try table.route(
                RouteRequest(
                    host: "a", path: path, subprotocols: offered,
                    values: { (fields[$0] ?? []).map { Array($0.utf8) } }))
        }
        #expect(try route("/", ["x-tenant": ["red", "blue"], "x-any": [""]]) == 0)
        #expect(try route("/", ["x-tenant": ["blue"]]) == nil)
        #expect(try route("/", ["x-tenant": ["BLUE"], "x-any": ["1"]]) == nil)
        #expect(try route("/", [:], ["chat", "stomp"]) == 1)
        #expect(try route("/room/12") == 2)
        #expect(try route("/room/12/more") == nil && route("/a/room/12") == nil && route("/room/") == nil)
    }

    @Test("a pattern that is given up decides nothing, and no later route is taken instead")
    func undecided() {
        let table = RouteTable([
            RouteMatch(host: nil, path: nil, pattern: PathPattern("/(a+)+b")),
            RouteMatch(host: nil, path: nil),
        ])
        let path = "/" + String(repeating: "a", count: 60) + "cb"
        #expect(throws: PatternLimitReached()) { try table.route(RouteRequest(host: "a", path: path)) }
    }

    @Test("a route may be tied to a listener")
    func listeners() throws {
        let table = RouteTable([
            RouteMatch(host: nil, path: nil, listener: "inner"), RouteMatch(host: nil, path: nil),
        ])
        #expect(try table.route(RouteRequest(host: "a", path: "/", listener: "inner")) == 0)
        #expect(try table.route(RouteRequest(host: "a", path: "/", listener: "outer")) == 1)
        #expect(try table.route(RouteRequest(host: "a", path: "/")) == 1)
    }
}
