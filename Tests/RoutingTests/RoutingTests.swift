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
            #expect(table.route(host: host, path: path) == index, "\(host)\(path)")
        }
        #expect(RouteTable([RouteMatch(host: "a", path: nil)]).route(host: "b", path: "/") == nil)
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

    @Test("origins")
    func origins() {
        let policy = OriginPolicy(["https://Example.com"])
        #expect(policy.accepts("https://example.com") && policy.accepts(nil))
        #expect(!policy.accepts("https://example.com.evil.org") && !policy.accepts("null"))
        #expect(OriginPolicy(nil).accepts("https://any"))
    }
}

@Suite("Balancing")
struct BalancePolicyTests {
    private func candidate(_ weight: Int = 1, _ sessions: Int = 0, _ isUsable: Bool = true) -> Candidate {
        Candidate(weight: weight, sessions: sessions, isUsable: isUsable)
    }

    @Test("round robin follows weights and skips who can't be used")
    func roundRobin() {
        var policy = BalancePolicy(.roundRobin)
        let picks = (0..<6).compactMap { _ in
            policy.choose([candidate(2), candidate(1), candidate(5, 0, false)])
        }
        #expect(picks == [0, 1, 0, 0, 1, 0])
        #expect(policy.choose([candidate(1, 0, false)]) == nil)
    }

    @Test("least sessions counts by weight and takes equals in turn")
    func leastSessions() {
        var policy = BalancePolicy(.leastSessions)
        #expect(policy.choose([candidate(1, 3), candidate(2, 4), candidate(1, 9)]) == 1)
        var even = BalancePolicy(.leastSessions)
        #expect((0..<4).compactMap { _ in even.choose([candidate(), candidate()]) } == [0, 1, 0, 1])
        #expect(even.choose([]) == nil)
    }

    @Test("a backend rests longer after each failure, at most 30 s, and is forgiven at once")
    func health() {
        var health = BackendHealth()
        var now: UInt64 = 5
        var rests: [UInt64] = []
        for _ in 0..<8 {
            let until = health.connectFailed(at: now, jitter: 0)
            rests.append((until - now) / 1_000_000_000)
            #expect(!health.isAvailable(at: until - 1) && health.isAvailable(at: until))
            now = until
        }
        #expect(rests == [1, 2, 4, 8, 16, 30, 30, 30])
        let wasDown = health.connected()
        #expect(wasDown && health.isAvailable(at: 0))
        let isDownStill = health.connected()
        #expect(!isDownStill)
    }
}
