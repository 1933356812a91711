import Testing

@testable import Operator

@Suite("The command for certificates")
struct AcmeOrderTests {
    @Test("what stands in /status becomes lines")
    func lines() throws {
        let text = """
            {"acme":{"directory":"https://ca/dir","certificates":[
            {"name":"a.example","ready":true,"expires":"2027-01-01T00:00:00Z","due":"2026-12-01T00:00:00Z","activity":null,
            "failures":0,"last_error":null},
            {"name":"b.example","ready":false,"expires":null,"due":"2026-11-01T00:00:00Z","activity":"order","failures":2,
            "last_error":"no","last_error_at":"2026-10-31T00:00:00Z"}]}}
            """
        #expect(
            try AcmeOrder.lines(text) == [
                "authority https://ca/dir",
                "a.example  ready  expires 2027-01-01T00:00:00Z, asked for 2026-12-01T00:00:00Z",
                "b.example  missing  asked for 2026-11-01T00:00:00Z, now: order",
                "    failed at 2026-10-31T00:00:00Z: no",
            ])
        #expect(throws: TopError.self) { try AcmeOrder.lines("{\"acme\":null}") }
        #expect(throws: TopError.self) { try AcmeOrder.lines("<html>") }
    }

    @Test("names are encoded into the query")
    func paths() {
        #expect(AcmeOrder.Wish.renew("*.a.example").path == "/acme/renew?name=%2A.a.example")
        #expect(AcmeOrder.Wish.renew(nil).path == "/acme/renew" && AcmeOrder.Wish.status.method == "GET")
        #expect(AcmeOrder.Wish.revoke("a&b", reason: 4).path == "/acme/revoke?name=a%26b&reason=4")
        #expect(AcmeOrder.Wish.accountKey.method == "POST")
    }
}
