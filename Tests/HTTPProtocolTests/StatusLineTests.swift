import Testing

@testable import HTTPProtocol

@Suite("Status line")
struct StatusLineTests {
    @Test("has a status and a reason, whose bytes may be beyond ASCII")
    func parts() throws {
        var line = StatusLine()
        for byte in Array("HTTP/1.1 599 Grö".utf8) + [9, 0xFF] { try line.accept(byte) }
        try line.end()
        #expect(line.status == 599)
        #expect(line.reason == Array("Grö".utf8) + [9, 0xFF])
    }

    @Test("refuses the first wrong byte")
    func early() throws {
        var line = StatusLine()
        for byte in "HTTP/1.".utf8 { try line.accept(byte) }
        #expect(throws: HeadError.badStatusLine) { try line.accept(50) }
    }

    @Test(
        "a line taken whole is the same as byte by byte",
        arguments: [
            "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.0 503 x",
            "HTTP/1.1 099 x", "HTTP/1.1 600 x", "HTTP/1.1 2x0 x", "HTTP/1.1 20: x", "HTTP/1.1 200x",
            "HTTP/1.2 200 x", "http/1.1 200 x", "HTTP/1.1  200 x", "HTTP/1.1 200 \u{1}", "HTTP/1.1 1", "",
        ])
    func whole(text: String) {
        func take(_ body: (inout StatusLine) throws -> Void) -> [Int]? {
            var line = StatusLine()
            do {
                try body(&line)
                try line.end()
            } catch { return nil }
            return [line.status, line.minorVersion] + line.reason.map { Int($0) }
        }
        let whole = take { try $0.accept(line: text.utf8.span) }
        let bytes = take { for byte in text.utf8 { try $0.accept(byte) } }
        #expect(whole == bytes)
    }
}
