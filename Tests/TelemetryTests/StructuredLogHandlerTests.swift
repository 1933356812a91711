import Logging
import Testing

@testable import Telemetry

@Suite("Log lines")
struct StructuredLogHandlerTests {
    @Test("JSON escapes what it must")
    func escapes() {
        var line = ""
        JSONText.append("a\"b\\c\n\u{1}é", to: &line)
        #expect(line == "\"a\\\"b\\\\c\\n\\u0001é\"")
    }

    @Test("what a terminal obeys or a reader is misled by is escaped, in either format")
    func misleading() {
        for code: UInt32 in [0x1B, 0x7F, 0x85, 0x9B, 0x200E, 0x2028, 0x202E, 0x2066] {
            guard let scalar = Unicode.Scalar(code) else { continue }
            let digits = String(code, radix: 16)
            let escaped = "a\\u" + String(repeating: "0", count: 4 - digits.count) + digits + "b"
            var line = ""
            JSONText.append("a\(scalar)b", to: &line)
            #expect(line == "\"\(escaped)\"")
            #expect(JSONText.quotedIfNeeded("a\(scalar)b") == "\"\(escaped)\"")
        }
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

    @Test("text is quoted only where it would be read otherwise")
    func quoted() {
        for (text, wanted) in [
            ("plain", "plain"), ("", "\"\""), ("a b", "\"a b\""), ("a=b", "\"a=b\""), ("a\"b", "\"a\\\"b\""),
            ("a\nb", "\"a\\nb\""), ("é", "é"),
        ] {
            #expect(JSONText.quotedIfNeeded(text) == wanted)
        }
    }

    @Test("a line is an event with its fields by name, in either format", arguments: [LogFormat.json, .text])
    func lines(format: LogFormat) throws {
        let file = try TemporaryFile()
        var failure = ""
        let writer = try #require(LogWriter(path: file.path, failure: &failure))
        var logger = Logger(label: "test") { _ in
            StructuredLogHandler(writer: writer, format: format, level: .info)
        }
        logger[metadataKey: "route"] = "chat"
        logger.debug("not written")
        logger.info("session ended", metadata: ["code": .stringConvertible(1001), "a": "b c"])
        writer.flush()
        let text = try file.text()
        #expect(text.hasSuffix("\n") && !text.contains("not written"))
        switch format {
        case .json:
            #expect(text.hasPrefix("{\"time\":\""))
            #expect(
                text.hasSuffix(
                    ",\"level\":\"info\",\"message\":\"session ended\",\"a\":\"b c\",\"code\":1001,\"route\":\"chat\"}\n"
                ))
        case .text: #expect(text.hasSuffix(" info session ended a=\"b c\" code=1001 route=chat\n"))
        }
    }
}
