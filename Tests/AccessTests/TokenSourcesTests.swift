import Access
import HTTPProtocol
import Testing

struct TokenSourcesTests {
    private let all = TokenSources([
        .subprotocol(prefix: "bearer."), .query("access_token"), .cookie("session"),
    ])

    private func head(_ target: String = "/chat", _ fields: [(String, String)]) throws -> RequestHead {
        var lines = HeaderFields()
        for (name, value) in fields { lines.append(name, value) }
        return RequestHead(method: "GET", target: try RequestTarget(text: target), fields: lines)
    }

    @Test("out of a list of subprotocols, which keeps the others")
    func subprotocol() throws {
        var head = try head("/", [("Sec-WebSocket-Protocol", "chat, bearer.a.b.c , v2")])
        let taken = try #require(all.take(from: &head))
        #expect(taken.token == "a.b.c" && taken.subprotocol == nil)
        #expect(head.fields.all("sec-websocket-protocol") == ["chat, v2"])
        #expect(head.fields.all("authorization") == ["Bearer a.b.c"])
    }

    @Test("a list that held nothing else is to be answered with what it held")
    func alone() throws {
        var head = try head("/", [("Sec-WebSocket-Protocol", "bearer.a.b.c")])
        let taken = try #require(all.take(from: &head))
        #expect(taken.subprotocol == Subprotocol("bearer.a.b.c"))
        #expect(!head.fields.contains("sec-websocket-protocol"))
    }

    @Test("out of a query, however its name is spelled, and out of a cookie")
    func others() throws {
        var head = try head("/chat?a=1&access%5Ftoken=x%2Ey&b=2&access_token=z", [])
        #expect(all.take(from: &head)?.token == "x.y")
        #expect(head.target.text == "/chat?a=1&b=2")
        var alone = try self.head("/chat?access_token=x", [])
        #expect(all.take(from: &alone)?.token == "x")
        #expect(alone.target.text == "/chat")
        var cookie = try self.head("/", [("Cookie", "a=b; session=\"t.u.v\"; c=d"), ("Cookie", "session=w")])
        #expect(all.take(from: &cookie)?.token == "t.u.v")
        #expect(cookie.fields.all("cookie") == ["a=b; c=d"])
    }

    @Test("the first source decides, and the others are emptied too; a field of the client's own is replaced")
    func several() throws {
        var head = try head(
            "/?access_token=q",
            [
                ("Sec-WebSocket-Protocol", "bearer.s"), ("Cookie", "session=c"),
                ("Authorization", "Bearer own"),
            ])
        #expect(all.take(from: &head)?.token == "s")
        #expect(head.target.text == "/" && !head.fields.contains("cookie"))
        #expect(head.fields.all("authorization") == ["Bearer s"])
    }

    @Test("what is encoded, doubled or quoted oddly forges no line, and leaves nothing behind")
    func attacks() throws {
        let line = TokenSources([.query("access_token"), .cookie("session"), .subprotocol(prefix: "bearer.")])
        var split = try head("/?access_token=a%0d%0aX-Admin:%201%00&%61ccess_token=b&access_token", [])
        #expect(line.take(from: &split)?.token == "a\r\nX-Admin: 1\0")
        #expect(split.target.text == "/" && !split.fields.contains("x-admin"))
        #expect(split.fields.all("authorization") == ["Bearer a  X-Admin: 1"])
        var forged = try head("/?Access_token=x&access_token%00=y&access_token=%zz%4", [])
        #expect(line.take(from: &forged)?.token == "%zz%4")
        #expect(forged.target.text == "/?Access_token=x&access_token%00=y")
        for (cookie, token, rest) in [
            ("session=\"", "\"", [String]()), ("session=\"a", "\"a", []), ("session=a=b=", "a=b=", []),
            ("a=1;session=x;session=y;b=2", "x", ["a=1;b=2"]), ("xsession=1; session=t", "t", ["xsession=1"]),
            ("\tsession=t ; a=b", "t ", ["a=b"]),
        ] {
            var head = try head("/", [("Cookie", cookie)])
            #expect(line.take(from: &head)?.token == token, "\(cookie)")
            #expect(head.fields.all("cookie") == rest, "\(cookie)")
        }
        var members = try head(
            "/",
            [
                ("Sec-WebSocket-Protocol", "bearer.a, bearer.b"), ("Sec-WebSocket-Protocol", "chat,bearer.c"),
            ])
        #expect(line.take(from: &members)?.token == "a")
        #expect(members.fields.all("sec-websocket-protocol") == ["chat"])
        var empty = try head(
            "/?access_token=&a=1", [("Sec-WebSocket-Protocol", "bearer."), ("Cookie", "session=")])
        #expect(line.take(from: &empty) == nil && !empty.fields.contains("authorization"))
    }

    @Test("without a token all stays as it is, and another field has it bare")
    func nothing() throws {
        let before = try head(
            "/?token=1",
            [("Cookie", "sessions=1"), ("Sec-WebSocket-Protocol", "bearer"), ("Authorization", "Bearer o")])
        var head = before
        #expect(all.take(from: &head) == nil)
        #expect(head == before)
        var other = try self.head("/?access_token=q", [])
        other.fields.append("x_token", "forged")
        _ = TokenSources([.query("access_token")], field: "X-Token").take(from: &other)
        #expect(other.fields.all("x-token") == ["q"] && !other.fields.contains("authorization"))
        #expect(!other.fields.contains("x_token"))
        // Nobody else fills that field, whether there is a token or not.
        var forged = try self.head("/", [("X-Token", "forged"), ("x_token", "forged"), ("X-Tokens", "mine")])
        #expect(TokenSources([.query("access_token")], field: "X-Token").take(from: &forged) == nil)
        #expect(forged.fields.list.map(\.name) == ["X-Tokens"])
    }
}
