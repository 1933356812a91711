import Routing
import Testing

@Suite("Hash keys")
struct HashKeyTests {
    private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
    private func query(_ name: String, in query: String) -> String? {
        text(HashKey.queryValue(name, in: query))
    }
    private func cookie(_ name: String, in field: String) -> String? {
        text(HashKey.cookieValue(name, in: Array(field.utf8)))
    }
    private func setCookie(_ name: String, in field: String) -> String? {
        text(HashKey.setCookieValue(name, in: Array(field.utf8)))
    }
    private func json(_ name: String, in start: [UInt8]) -> String? {
        text(HashKey.jsonValue(name, in: start))
    }

    @Test("spellings")
    func spellings() {
        #expect(HashKey("client_ip") == .clientIP && HashKey("path") == .path)
        #expect(HashKey("header:X-User") == .header("x-user"))
        #expect(HashKey("cookie:Session") == .cookie("Session") && HashKey("query:sid") == .query("sid"))
        for wrong in ["", "client", "header", "header:", "query:", "body:x"] {
            #expect(HashKey(wrong) == nil)
        }
    }

    @Test("query parameters")
    func queries() {
        let target = "EIO=4&transport=polling&sid=abc-_1&sidx=no"
        #expect(query("sid", in: target) == "abc-_1")
        #expect(query("transport", in: target) == "polling")
        #expect(query("id", in: target) == nil)
        #expect(
            query("sid", in: "sid=") == nil && query("sid", in: "asid=1") == nil)
        #expect(query("sid", in: "a&sid=1=2&") == "1=2")
    }

    @Test("cookies, as sent and as set")
    func cookies() {
        #expect(cookie("io", in: "a=1; io=xyz; iox=2") == "xyz")
        #expect(cookie("io", in: "xio=1") == nil && cookie("io", in: "io=") == nil)
        #expect(setCookie("io", in: "io=xyz; Path=/; HttpOnly") == "xyz")
        #expect(setCookie("Path", in: "io=xyz; Path=/") == nil)
        // Any bytes, and a mark that would combine with the delimiter before it.
        #expect(
            HashKey.cookieValue("io", in: Array("a=1;\u{301}; io=".utf8) + [0xff, 0xfe]) == [0xff, 0xfe])
    }

    @Test("a name's text in the start of a body, at every length")
    func bodies() {
        let body = Array(#"0{"sid":"abc-_1","upgrades":["websocket"],"pingInterval":25000}"#.utf8)
        for count in 0...body.count {
            let expected = count > 15 ? "abc-_1" : nil
            #expect(json("sid", in: Array(body.prefix(count))) == expected, "\(count)")
        }
        #expect(json("id", in: body) == nil)
        #expect(json("sid", in: Array(#"{"sid":""}"#.utf8)) == nil)
    }
}
