import Testing

@testable import Telemetry

@Suite("The log's writer")
struct LogWriterTests {
    @Test("a file that can't be opened says why")
    func unopenable() {
        var failure = ""
        #expect(LogWriter(path: "/nonexistent/folder/log", failure: &failure) == nil)
        #expect(failure == "No such file or directory")
    }

    @Test("lines are appended in their order, whole, whoever writes beside")
    func order() throws {
        let file = try TemporaryFile()
        for _ in 0..<2 {
            var failure = ""
            let writer = try #require(LogWriter(path: file.path, failure: &failure))
            for number in 0..<500 { writer.write("line \(number)") }
            writer.flush()
            #expect(writer.lostLines == 0)
        }
        let lines = try file.text().split(separator: "\n").map(String.init)
        let once = (0..<500).map { "line \($0)" }
        #expect(lines == once + once)
    }

    @Test("a disk that takes nothing costs lines, which are counted, and nobody waits")
    func fullDisk() throws {
        var failure = ""
        let writer = try #require(LogWriter(path: "/dev/full", failure: &failure))
        for _ in 0..<10 { writer.write("a line") }
        writer.flush()
        #expect(writer.lostLines == 10)
    }
}
