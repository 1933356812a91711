import Logging
import Testing

@testable import Telemetry

@Suite("The log of events")
struct SummarisingLogTests {
    @Test("a flood is one line, and one with a count at the end; other upstreams have lines of their own")
    func flood() throws {
        let file = try TemporaryFile()
        var failure = ""
        let writer = try #require(LogWriter(path: file.path, failure: &failure))
        let log = SummarisingLog(StructuredLogHandler(writer: writer, format: .json, level: .info))
        let logger = log.logger
        for number in 0..<1000 {
            logger.warning(
                "upgrade failed", metadata: ["upstream": "a", "backend": "\(number)", "cause": "refused"])
            logger.debug("not written", metadata: ["upstream": "a"])
        }
        logger.warning("upgrade failed", metadata: ["upstream": "b"])
        log.writeDue(isEnd: true)
        writer.flush()
        let lines = try file.text().split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.first?.contains("\"backend\":\"0\"") == true)
        #expect(lines.last?.contains("\"backend\":\"999\"") == true)
        #expect(lines.last?.contains("\"count\":999") == true)
    }

    @Test("events of several causes are not told as if all had the last one's")
    func causes() throws {
        let file = try TemporaryFile()
        var failure = ""
        let writer = try #require(LogWriter(path: file.path, failure: &failure))
        let log = SummarisingLog(StructuredLogHandler(writer: writer, format: .json, level: .info))
        for (number, cause) in ["x", "a", "b", "a", "c", "d", "a", "e", "f", "b"].enumerated() {
            log.logger.warning("request failed", metadata: ["upstream": "u", "cause": "\(cause)"])
            if number < 2 { log.logger.warning("request failed", metadata: ["upstream": "v", "cause": "a"]) }
        }
        log.writeDue(isEnd: true)
        writer.flush()
        let lines = try file.text().split(separator: "\n")
        let told = try #require(lines.first { $0.contains("\"count\":9") })
        #expect(told.contains("\"cause\":\"b\",\"causes\":\"a: 3; b: 2; c: 1; d: 1; others: 2\""))
        #expect(lines.count { $0.contains("causes") } == 1 && lines.count == 4)
    }
}
