import HTTPProtocol
import Testing

@Suite("Requests on streams")
struct StreamRequestTests {
    private func judge(
        _ method: String = "GET", authority: String? = "a.example", path: String? = "/p?q",
        protocolName: String? = nil, fields: KeyValuePairs<String, String> = [:], ends: Bool = true,
        scheme: String = "https"
    ) -> OnStreamRequest {
        var all = HeaderFields()
        for (name, value) in fields { all.append(name, value) }
        return judge(method, authority, path, protocolName, all, ends, scheme)
    }

    private func judge(
        _ method: String, _ authority: String?, _ path: String?, _ protocolName: String?, _ all: HeaderFields,
        _ ends: Bool, _ scheme: String
    ) -> OnStreamRequest {
        var begun = HeaderFields(host: authority, room: 0, lines: 0)
        begun.append(contentsOf: all)
        let found = [(all, false), (begun, true)].map { fields, hostStandsFirst in
            StreamRequest(
                method: method, scheme: scheme, authority: authority, path: path, protocolName: protocolName,
                fields: fields, hostStandsFirst: hostStandsFirst, endsStream: ends
            ).judge(key: "AAECAwQFBgcICQoLDA0ODw==", limits: HeadLimits(fields: 5))
        }
        #expect(found[0] == found[1], "a Host that is there already changes nothing")
        return found[1]
    }

    private func head(_ found: OnStreamRequest) -> RequestHead? {
        if case .head(let head) = found { head } else { nil }
    }

    private func status(_ found: OnStreamRequest) -> Int? {
        if case .refuse(let refusal) = found { refusal.status } else { nil }
    }

    @Test("a request has its authority as Host, and one field of cookies")
    func plain() throws {
        let found = try #require(head(judge(fields: ["cookie": "a=1", "accept": "*/*", "cookie": "b=2"])))
        #expect(found.method == "GET" && found.target == "/p?q" && found.minorVersion == 1)
        #expect(
            found.fields.list == [
                .init("Host", "a.example"), .init("accept", "*/*"), .init("Cookie", "a=1; b=2"),
            ])
    }

    @Test("crumbs of cookies are one field, and any bytes go through as they came")
    func crumbs() throws {
        var all = HeaderFields()
        for number in 0..<50 { all.append("cookie", bytes: [97, 61, UInt8(200 + number), 0xff]) }
        for name in ["a", "b", "c", "d"] { all.append(name, bytes: [0xf6]) }
        let found = try #require(head(judge("GET", "a.example", "/", nil, all, true, "https")))
        let cookies = found.fields.values("cookie")
        #expect(cookies.count == 1 && cookies[0].prefix(6).elementsEqual([97, 61, 200, 0xff, 59, 32]))
        #expect(cookies[0].count == 50 * 4 + 49 * 2 && found.fields.values("d") == [[0xf6]])
        all.append("e", "1")
        #expect(status(judge("GET", "a.example", "/", nil, all, true, "https")) == 431)
    }

    @Test("a body of unknown length is in chunks where the next hop needs that")
    func framing() throws {
        #expect(try head(judge("POST", ends: false))?.bodyFraming == .chunked)
        #expect(
            try head(judge("POST", fields: ["content-length": "5"], ends: false))?.bodyFraming == .length(5))
        #expect(try head(judge("POST"))?.bodyFraming == BodyFraming.none)
    }

    @Test("an extended CONNECT is the upgrade that it would be in HTTP/1.1")
    func webSocket() throws {
        let found = try #require(
            head(
                judge(
                    "CONNECT", protocolName: "websocket",
                    fields: ["sec-websocket-protocol": "chat", "sec-websocket-key": "theirs"], ends: false)))
        #expect(found.method == "GET")
        #expect(head(judge("CONNECT", protocolName: "WebSocket", ends: false)) != nil)
        guard case .upgrade(let upgrade) = ServerHandshake.judge(found) else {
            Issue.record("\(found)")
            return
        }
        #expect(
            upgrade.subprotocols.names == [Subprotocol("chat")] && upgrade.key == "AAECAwQFBgcICQoLDA0ODw==")
    }

    @Test("a version that is named must be the one there is")
    func version() throws {
        let found = judge(
            "CONNECT", protocolName: "websocket", fields: ["sec-websocket-version": "8"], ends: false)
        guard case .refuse(let refusal) = ServerHandshake.judge(try #require(head(found))) else {
            Issue.record("\(found)")
            return
        }
        #expect(refusal.status == 426)
        let answer = Refusal(refusal).streamAnswer(isToHead: false)
        #expect(!answer.fields.contains("upgrade") && answer.fields.first("sec-websocket-version") == "13")
        #expect(answer.fields.first("content-length") == String(answer.body.count))
    }

    @Test("Host and :authority name one host between them")
    func host() {
        #expect(head(judge(fields: ["host": "A.example"]))?.fields.all("host") == ["a.example"])
        // The port that the scheme has anyway may be left out (RFC 9110, 4.2.3).
        for (authority, host, scheme) in [
            ("a.example:443", "a.example", "https"), ("a.example", "a.example:443", "HTTPS"),
            ("a.example", "a.example:80", "http"), ("a.example:", "a.example", "http"),
        ] {
            #expect(
                head(judge(authority: authority, fields: ["host": host], scheme: scheme))?.fields.all("host")
                    == [authority])
        }
        #expect(status(judge(fields: ["host": "a.example:80"])) == 400)
        #expect(
            head(judge(authority: nil, fields: ["host": "b.example:8443"]))?.fields.first("host")
                == "b.example:8443")
        for found in [
            judge(fields: ["host": "b.example"]), judge(authority: nil), judge(authority: "user@a.example"),
            judge(authority: "a,b"), judge(authority: nil, fields: ["host": "a", "host": "b"]),
        ] { #expect(status(found) == 400) }
    }

    @Test("OPTIONS, and nothing else, can ask the server itself (RFC 9113, 8.3.1)")
    func server() {
        #expect(head(judge("OPTIONS", path: "*"))?.target == .server)
        for method in ["GET", "options", "POST"] { #expect(status(judge(method, path: "*")) == 400) }
        for path in ["*/", "**", "/*", "*?a"] {
            #expect(head(judge("OPTIONS", path: path))?.target != .server)
        }
    }

    @Test("what can't be forwarded in one way only is refused")
    func refusals() {
        #expect(status(judge("BAD METHOD")) == 400)
        for path in [nil, "", "*", "http://a/", "/a b", "/a#b", "/\u{7f}", "/ü"] as [String?] {
            #expect(status(judge(path: path)) == 400)
        }
        #expect(
            status(judge("POST", fields: ["content-length": "5", "content-length": "5"], ends: false)) == 400)
        #expect(status(judge(fields: ["a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": "6"])) == 431)
        #expect(status(judge("CONNECT", path: nil, ends: false)) == 501)
        #expect(status(judge("CONNECT", protocolName: "connect-udp", ends: false)) == 501)
        #expect(status(judge("CONNECT", protocolName: "websocket")) == 400)
    }
}
