import HTTPProtocol
import Testing

@Suite("Request head parser")
struct RequestHeadParserTests {
    private let good = "GET /chat?a=b HTTP/1.1\r\nHost: a.example:8443\r\nX-Empty:\r\nX-Two:\t x y \r\n\r\n"

    private var head: RequestHead {
        RequestHead(
            method: "GET", target: "/chat?a=b",
            fields: fields(("Host", "a.example:8443"), ("X-Empty", ""), ("X-Two", "x y")))
    }

    private func target(_ target: String, host: String = "a") -> String? {
        let bytes = Array("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8)
        guard case .complete(let head, rest: 0) = requestOutcome([bytes]) else { return nil }
        return head.target.text
    }

    @Test("gives the same head at every split, and leaves what follows it")
    func everyCut() {
        for split in everySplit(Array(good.utf8)) {
            #expect(requestOutcome(split) == .complete(head, rest: 0))
        }
        for split in everySplit(Array(good.utf8) + [0, 10, 13]) {
            #expect(requestOutcome(split) == .complete(head, rest: 3))
        }
    }

    @Test("every half of a head wants more")
    func halves() {
        for count in 0..<good.utf8.count {
            #expect(requestOutcome([Array(good.utf8.prefix(count))]) == .incomplete)
        }
    }

    @Test("refuses at every split alike", arguments: BadHead.all)
    func refuses(_ bad: BadHead) {
        for split in everySplit(bad.bytes) { #expect(requestOutcome(split) == .failed(bad.error)) }
        #expect(bad.error.status == bad.status)
    }

    @Test("refuses at the first byte that can't belong to a head")
    func refusesEarly() {
        let cases: [(String, HeadError)] = [
            ("GE\u{1}", .badMethod), ("GET /\u{1}", .badTarget), ("GET / HTTP/1.1x", .badRequestLine),
            ("GET / HTTP/3.0\r", .badVersion), ("GET / HTTP/1.1\r\n ", .lineFolding),
            ("GET / HTTP/1.1\r\nA ", .badFieldName), ("GET / HTTP/1.1\r\nA: \0", .controlByte),
            ("GET / HTTP/1.1\r\nA: b\n", .bareLineFeed),
        ]
        for (text, error) in cases {
            #expect(requestOutcome([Array(text.utf8)]) == .failed(error))
            #expect(requestOutcome([Array(text.utf8.dropLast())]) == .incomplete)
        }
    }

    @Test("one empty line before the request line is ignored")
    func emptyLineFirst() {
        for split in everySplit(Array(("\r\n" + good).utf8)) {
            #expect(requestOutcome(split) == .complete(head, rest: 0))
        }
    }

    @Test("a head of exactly the limit passes, one byte more is 431")
    func limit() {
        let count = good.utf8.count
        #expect(requestOutcome([Array(good.utf8)], HeadLimits(bytes: count)) == .complete(head, rest: 0))
        let error = HeadError.tooLarge(limit: count - 1)
        for split in everySplit(Array(good.utf8)) {
            #expect(requestOutcome(split, HeadLimits(bytes: count - 1)) == .failed(error))
        }
        #expect(error.status == 431)
    }

    @Test("a mebibyte of head is 431, wherever it is")
    func mebibyte() {
        let filler = [UInt8](repeating: 120, count: 1 << 20)
        for prefix in ["", "GET /", "GET / HTTP/1.1\r\nHost: a\r\nX", "GET / HTTP/1.1\r\nHost: a\r\nX: "] {
            #expect(requestOutcome([Array(prefix.utf8) + filler]) == .failed(.tooLarge(limit: 16_384)))
        }
    }

    @Test("200 fields pass, one more is 431")
    func manyFields() {
        let line = "GET / HTTP/1.1\r\nHost: a\r\n"
        let full = line + String(repeating: "X: y\r\n", count: 199)
        guard case .complete(let head, rest: 0) = requestOutcome([Array((full + "\r\n").utf8)]) else {
            Issue.record("200 fields were refused")
            return
        }
        #expect(head.fields.count == 200)
        #expect(requestOutcome([Array((full + "X").utf8)]) == .failed(.tooManyFields(limit: 200)))
        #expect(HeadError.tooManyFields(limit: 200).status == 431)
    }

    @Test("HTTP/1.0 needs no Host")
    func oldVersion() {
        let expected = RequestHead(method: "GET", target: "/", minorVersion: 0, fields: HeaderFields())
        #expect(requestOutcome([Array("GET / HTTP/1.0\r\n\r\n".utf8)]) == .complete(expected, rest: 0))
    }

    @Test(
        "the authority of an absolute form takes the place of the Host, whatever that says (RFC 9112, 3.2.2)")
    func authorityWins() {
        for (target, host, expected) in [
            ("http://b/x", "a", "b"), ("http://a:80/", "a", "a:80"),
            ("WS://A.example", "a.example:80", "A.example"),
            ("https://a.b:8443?q", "[::1]", "a.b:8443"),
        ] {
            let bytes = Array("GET \(target) HTTP/1.1\r\nX: y\r\nHost: \(host)\r\n\r\n".utf8)
            guard case .complete(let head, rest: 0) = requestOutcome([bytes]) else {
                Issue.record("\(target) was refused")
                continue
            }
            #expect(head.fields == fields(("X", "y"), ("Host", expected)))
        }
        // Still no request without a Host, and none with two.
        for host in ["", "Host: a\r\nHost: a\r\n", "Host: u@a\r\n"] {
            guard case .failed = requestOutcome([Array("GET http://a/ HTTP/1.1\r\n\(host)\r\n".utf8)]) else {
                Issue.record("\(host) was accepted")
                continue
            }
        }
        let old = Array("GET http://a/ HTTP/1.0\r\n\r\n".utf8)
        guard case .complete(let head, rest: 0) = requestOutcome([old]) else {
            Issue.record("refused")
            return
        }
        #expect(head.fields == fields(("Host", "a")))
    }

    @Test("absolute form gives path and query")
    func absoluteForm() {
        #expect(target("http://a/b?c") == "/b?c")
        #expect(target("WSS://A:443/b", host: "a:443") == "/b")
        #expect(target("http://a") == "/")
        #expect(target("http://a?x") == "/?x")
        #expect(target("//a/b") == "//a/b")
        #expect(target("http://[::1]:80/", host: "[::1]:80") == "/")
    }

    @Test("OPTIONS, and nothing else, can ask the server itself (RFC 9112, 3.2.4)")
    func server() {
        func asked(_ line: String) -> RequestTarget? {
            let bytes = Array("\(line) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            guard case .complete(let head, rest: 0) = requestOutcome([bytes]) else { return nil }
            return head.target
        }
        #expect(asked("OPTIONS *") == .server && asked("OPTIONS http://b:81") == .server)
        for line in ["GET *", "options *", "POST *", "OPTIONS **", "OPTIONS */", "OPTIONS *?a"] {
            #expect(asked(line) == nil, "\(line)")
        }
        #expect(asked("OPTIONS http://b/") == .root && asked("GET http://b") == .root)
        #expect(asked("OPTIONS http://b?a") == RequestTarget.root.replacing(query: "a"))
        #expect(asked("OPTIONS /*")?.text == "/*")
    }

    @Test("bytes over 127 in a value go on unchanged")
    func opaqueBytes() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0xE9, 0xFF, 13, 10, 13, 10]
        guard case .complete(let head, rest: 0) = requestOutcome([bytes]) else {
            Issue.record("refused")
            return
        }
        #expect(head.encoded == bytes)
    }

    @Test("begins anew after a head")
    func again() throws {
        var parser = RequestHeadParser(limits: HeadLimits())
        #expect(parser.isEmpty)
        for _ in 0..<2 {
            let bytes = Array(good.utf8)
            _ = try parser.feed(bytes.span.extracting(0..<9))
            #expect(!parser.isEmpty)
            let (again, used) = try #require(try parser.feed(bytes.span.extracting(9..<bytes.count)))
            #expect(again == head)
            #expect(used == bytes.count - 9)
            #expect(parser.isEmpty)
        }
    }

    @Test("random bytes never trap")
    func noise() {
        var generator = Noise(state: 7)
        let alphabet = Array("GET /:HTTP1.0 \r\n\t\0\u{7F}Hosta,".utf8)
        for _ in 0..<5000 {
            let bytes = (0..<60).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] }
            let prefixed = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8) + bytes
            #expect(requestOutcome([bytes]) == requestOutcome(bytes.map { [$0] }))
            #expect(requestOutcome([prefixed]) == requestOutcome(prefixed.map { [$0] }))
        }
    }
}

private struct Noise: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
