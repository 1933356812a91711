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
}
