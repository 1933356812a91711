import Logging
import Testing

@testable import Telemetry

@Suite("Log lines")
struct LogTests {
    @Test("JSON escapes what it must")
    func escapes() {
        var line = ""
        JSONText.append("a\"b\\c\n\u{1}é", to: &line)
        #expect(line == "\"a\\\"b\\\\c\\n\\u0001é\"")
    }

    @Test("numbers stay numbers, words are quoted")
    func values() {
        for (value, text) in [
            (Logger.Metadata.Value.stringConvertible(42), "42"), (.stringConvertible(true), "true"),
            (.string("42"), "\"42\""),
        ] {
            var line = ""
            JSONText.append(value, to: &line)
            #expect(line == text)
        }
    }

    @Test("a file that can't be opened says why")
    func unopenable() {
        var failure = ""
        #expect(LogWriter(path: "/nonexistent/folder/log", failure: &failure) == nil)
        #expect(failure == "No such file or directory")
    }
}
