import Routing
import Testing

@Suite("Hash keys")
struct HashKeyTests {
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
    func query() {
        let target = "EIO=4&transport=polling&sid=abc-_1&sidx=no"
        #expect(HashKey.queryValue("sid", in: target) == "abc-_1")
        #expect(HashKey.queryValue("transport", in: target) == "polling")
        #expect(HashKey.queryValue("id", in: target) == nil)
        #expect(
            HashKey.queryValue("sid", in: "sid=") == nil && HashKey.queryValue("sid", in: "asid=1") == nil)
        #expect(HashKey.queryValue("sid", in: "a&sid=1=2&") == "1=2")
    }

    @Test("cookies, as sent and as set")
    func cookies() {
        #expect(HashKey.cookieValue("io", in: "a=1; io=xyz; iox=2") == "xyz")
        #expect(HashKey.cookieValue("io", in: "xio=1") == nil && HashKey.cookieValue("io", in: "io=") == nil)
        #expect(HashKey.setCookieValue("io", in: "io=xyz; Path=/; HttpOnly") == "xyz")
        #expect(HashKey.setCookieValue("Path", in: "io=xyz; Path=/") == nil)
    }

    @Test("a name's text in the start of a body, at every length")
    func json() {
        let body = Array(#"0{"sid":"abc-_1","upgrades":["websocket"],"pingInterval":25000}"#.utf8)
        for count in 0...body.count {
            let expected = count > 15 ? "abc-_1" : nil
            #expect(HashKey.jsonValue("sid", in: Array(body.prefix(count))) == expected, "\(count)")
        }
        #expect(HashKey.jsonValue("id", in: body) == nil)
        #expect(HashKey.jsonValue("sid", in: Array(#"{"sid":""}"#.utf8)) == nil)
    }
}
