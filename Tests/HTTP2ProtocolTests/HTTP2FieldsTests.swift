import Testing

@testable import HTTP2Protocol

@Suite("HTTP/2 fields")
struct HTTP2FieldsTests {
    @Test("names are put in lower case, values stay as they are (RFC 9113, 8.2)")
    func names() {
        var fields: HTTP2Fields = .init(["X-Own": "A b", "ÄZ": ""])
        fields.append(ArraySlice("Bytes".utf8), ArraySlice([0xFF, 0x00]))
        #expect(fields.list == [["x-own", "A b"], ["Äz", ""], ["bytes", "\u{FFFD}\0"]])
        #expect(fields.count == 3 && fields.first("x-own") == "A b" && fields.first("X-Own") == nil)
        #expect(Array(fields.value(2)) == [0xFF, 0x00])
    }

    @Test("are counted as RFC 9113, 6.5.2 says: 32 bytes for each beside its own")
    func size() {
        #expect(HTTP2Fields().listSize == 0)
        #expect(HTTP2Fields(["a": "", "bc": "def"]).listSize == 33 + 37)
    }

    @Test("a request is told from its pseudo-header fields, which the others stand behind (8.3.1)")
    func request() throws {
        let block = HTTP2Fields([
            ":method": "CONNECT", ":protocol": "websocket", ":scheme": "https", ":authority": "a.example",
            ":path": "/chat", "x-own": "1",
        ])
        let head = try #require(HTTP2RequestHead(block))
        #expect(head.method == "CONNECT" && head.protocolName == "websocket" && head.scheme == "https")
        #expect(
            head.authority == "a.example" && head.path == "/chat" && head.fields.list == [["x-own", "1"]])
        #expect(head.block == block)
        #expect(HTTP2RequestHead(HTTP2Fields([":path": "/"])) == nil)
    }

    @Test("a response has a status, trailers have none (8.3.2)")
    func response() throws {
        let block = HTTP2Fields([":status": "200", "x-own": "1"])
        let head = try #require(HTTP2ResponseHead(block))
        #expect(head.status == 200 && head.fields.list == [["x-own", "1"]])
        #expect(HTTP2ResponseHead(HTTP2Fields(["x-sum": "1"])) == nil)
        #expect(HTTP2ResponseHead(HTTP2Fields([":status": "fine"])) == nil)
    }
}
