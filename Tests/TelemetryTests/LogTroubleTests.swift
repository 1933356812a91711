import Testing

@testable import Telemetry

@Suite("Trouble with a log's destination")
struct LogTroubleTests {
    @Test("is told at once, then every ten seconds with what was lost meanwhile, and when it is over")
    func telling() {
        let full: Int32 = 28
        var teller = TroubleTeller()
        #expect(teller.news(nil, at: 0) == nil)
        #expect(teller.news((3, full), at: 1) == .lost(lines: 3, reason: "No space left on device"))
        #expect(teller.news((2, full), at: 5) == nil)
        #expect(teller.news((1, full), at: 11) == .lost(lines: 3, reason: "No space left on device"))
        #expect(teller.news(nil, at: 12) == .writesAgain)
        #expect(teller.news(nil, at: 13) == nil)
    }
}
