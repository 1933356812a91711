import HTTPProtocol
import Testing

@Suite("Response head parser")
struct ResponseHeadParserTests {
    @Test("gives the same head at every split, and leaves what follows it")
    func everyCut() {
        let bytes = Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n".utf8)
        let head = ResponseHead(
            status: 101, reason: "Switching Protocols", fields: fields(("Upgrade", "websocket")))
        for split in everySplit(bytes + [0x81, 0]) {
            #expect(responseOutcome(split) == .complete(head, rest: 2))
        }
    }

    @Test("the reason may be empty, and the blank before it missing")
    func reasons() {
        for line in ["HTTP/1.0 404 ", "HTTP/1.1 404"] {
            let minor = line.contains("1.0") ? 0 : 1
            let expected = ResponseHead(
                status: 404, reason: "", minorVersion: minor, fields: HeaderFields())
            #expect(responseOutcome([Array((line + "\r\n\r\n").utf8)]) == .complete(expected, rest: 0))
        }
    }

    @Test(
        "malformed status lines are refused at every split",
        arguments: [
            "HTTP/2.0 200 OK\r\n", "HTTP/1.2 200 OK\r\n", "http/1.1 200 OK\r\n", "HTTP/1.1 20 OK\r\n",
            "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 099 OK\r\n", "HTTP/1.1 600 OK\r\n", "HTTP/1.1  200 OK\r\n",
            "HTTP/1.1 200\tOK\r\n", "HTTP/1.1 20\r\n", "HTTP/1.1 200 O\0K\r\n", "\r\nHTTP/1.1 200 OK\r\n",
            "SSH-2.0-x\r\n",
        ])
    func badStatusLines(_ line: String) {
        for split in everySplit(Array(line.utf8)) {
            #expect(responseOutcome(split) == .failed(.badStatusLine))
        }
    }

    @Test("lines are as strict as a request's")
    func badLines() {
        let cases: [(String, HeadError)] = [
            ("HTTP/1.1 200 OK\n", .bareLineFeed), ("HTTP/1.1 200 OK\r\nA b: c", .badFieldName),
            ("HTTP/1.1 200 OK\r\n A: b", .lineFolding), ("HTTP/1.1 200 OK\r\n: b", .badFieldName),
            ("HTTP/1.1 200 OK\r\nA: b\r\n c", .lineFolding), ("HTTP/1.1 200 OK\r\nA: b\0", .controlByte),
        ]
        for (text, error) in cases { #expect(responseOutcome([Array(text.utf8)]) == .failed(error)) }
        let limits = HeadLimits(bytes: 20)
        #expect(
            responseOutcome([Array("HTTP/1.1 200 OK\r\nA: b\r\n".utf8)], limits)
                == .failed(.tooLarge(limit: 20)))
    }

    @Test("a final response may follow an interim one")
    func interim() throws {
        var parser = ResponseHeadParser(limits: HeadLimits())
        let bytes = Array("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".utf8)
        let (first, used) = try #require(try parser.feed(bytes.span))
        #expect(first.status == 103)
        let (second, rest) = try #require(try parser.feed(bytes.span.extracting(used..<bytes.count)))
        #expect(second.status == 200)
        #expect(used + rest == bytes.count)
    }

    @Test("blanks before a colon are removed (RFC 9112, 5.1), at every split")
    func blankBeforeColon() {
        let bytes = Array("HTTP/1.1 200 OK\r\nX-Id : 1\r\nContent-Length \t:2\r\n\r\n".utf8)
        for split in everySplit(bytes) {
            guard case .complete(let head, rest: 0) = responseOutcome(split) else {
                Issue.record("refused")
                continue
            }
            #expect(head.fields == fields(("X-Id", "1"), ("Content-Length", "2")))
        }
    }

    @Test("interim responses are bounded in number, final ones are not")
    func manyInterim() throws {
        var parser = ResponseHeadParser(limits: HeadLimits())
        let early = Array("HTTP/1.1 103\r\n\r\n".utf8)
        for _ in 0..<HeadLimits.interim {
            let status = try parser.feed(early.span)?.0.status
            #expect(status == 103)
        }
        var other = parser
        for line in ["HTTP/1.1 200\r\n\r\n", "HTTP/1.1 101\r\n\r\n"] {
            let bytes = Array(line.utf8)
            let found = try other.feed(bytes.span)
            #expect(found != nil)
        }
        do throws(HeadError) {
            _ = try parser.feed(early.span)
            Issue.record("one more was accepted")
        } catch {
            #expect(error == .tooManyInterim(limit: HeadLimits.interim))
        }
    }

    @Test("a reason in any bytes goes on as it came")
    func opaqueReason() throws {
        let bytes = Array("HTTP/1.1 299 Gr".utf8) + [0xf6, 0xff, 9, 13, 10, 13, 10]
        guard case .complete(let head, rest: 0) = responseOutcome([bytes]) else {
            Issue.record("refused")
            return
        }
        #expect(head.encoded == bytes)
    }
}
