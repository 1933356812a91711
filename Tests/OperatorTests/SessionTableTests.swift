import Testing

@testable import Operator

@Suite("Sessions as a table")
struct SessionTableTests {
    @Test("columns are as wide as what stands in them, and no control character reaches a terminal")
    func table() throws {
        let text = """
            {"sessions": [
            {"id": "0-1f", "route": "chat", "backend": "127.0.0.1:9001", "client": "10.0.0.1", "subject": "ada\\u001b[2J",
             "state": "open", "age_seconds": 93784.5, "messages_from_client": 12, "bytes_from_client": 3456, "bytes_to_client": 7},
            {"id": "11-aa", "route": "chat", "backend": "b", "client": "::1", "subject": null, "state": "closing",
             "age_seconds": 61.9, "messages_from_client": 0, "bytes_from_client": 0, "bytes_to_client": 0}
            ], "more": true}
            """
        let lines = try #require(SessionTable(text)).lines
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("ID     ROUTE  BACKEND         CLIENT"))
        #expect(lines[1].contains("ada?[2J") && lines[1].contains("1d2h"))
        #expect(lines[2].hasPrefix("11-aa  chat   b               ::1 ") && lines[2].contains("1m1s"))
        #expect(lines[3] == "2 sessions, and more: --limit shows more")
        #expect(Set(lines[..<3].map(\.count)).count == 1, "numbers stand on the right")
    }

    @Test("what is no list is none", arguments: ["", "{}", "{\"sessions\": 1}", "no"])
    func others(text: String) {
        #expect(SessionTable(text) == nil)
    }

    @Test("a query has what is given, percent-encoded")
    func query() {
        #expect(SessionTool.query([("a", nil), ("b", "x y&ü")]) == "?b=x%20y%26%C3%BC")
        #expect(SessionTool.query([("a", nil)]) == "")
    }
}
