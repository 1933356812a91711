package import Logging

/// How a log line looks.
package enum LogFormat: Equatable, Sendable { case json, text }

/// A swift-log handler that writes one line an event to a `LogWriter`: a constant message and fields.
package struct StructuredLogHandler: LogHandler {
    private let writer: LogWriter
    private let format: LogFormat
    /// Fields of every line of this logger.
    package var metadata: Logger.Metadata = [:]
    /// Lines below it are not written.
    package var logLevel: Logger.Level

    /// A handler for one destination.
    package init(writer: LogWriter, format: LogFormat, level: Logger.Level) {
        self.writer = writer
        self.format = format
        logLevel = level
    }

    /// One field of `metadata`.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the line.
    package func log(event: LogEvent) {
        write(
            level: event.level, message: "\(event.message)",
            metadata: event.metadata.map { metadata.merging($0) { $1 } } ?? metadata)
    }

    func write(level: Logger.Level, message: String, metadata: Logger.Metadata) {
        let fields = metadata.sorted { $0.key < $1.key }
        let time = WallClock.timestamp()
        switch format {
        case .json:
            var line = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"message\":"
            JSONText.append(message, to: &line)
            for (key, value) in fields {
                line += ","
                JSONText.append(key, to: &line)
                line += ":"
                JSONText.append(value, to: &line)
            }
            writer.write(line + "}")
        case .text:
            let tail = fields.map { " \($0.key)=\(JSONText.quotedIfNeeded("\($0.value)"))" }.joined()
            writer.write("\(time) \(level.rawValue) \(message)\(tail)")
        }
    }
}

/// JSON's spelling of strings and metadata (RFC 8259, 7).
enum JSONText {
    static func append(_ value: Logger.Metadata.Value, to line: inout String) {
        switch value {
        case .string(let text): append(text, to: &line)
        case .stringConvertible(let number as any BinaryInteger): line += "\(number)"
        case .stringConvertible(let flag as Bool): line += flag ? "true" : "false"
        case .stringConvertible(let number as Double) where number.isFinite: line += "\(number)"
        default: append("\(value)", to: &line)
        }
    }

    static func append(_ text: String, to line: inout String) {
        line += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where misleads(scalar):
                let digits = String(scalar.value, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\""
    }

    /// What a terminal obeys, or what changes the order or the lines that people read: control characters of C0 and C1,
    /// line separators, and the marks of right-to-left writing. Escaped, it is still JSON.
    static func misleads(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    static func quotedIfNeeded(_ text: String) -> String {
        guard
            text.isEmpty
                || text.unicodeScalars.contains(where: {
                    $0.value <= 32 || $0 == "\"" || $0 == "=" || misleads($0)
                })
        else { return text }
        var quoted = ""
        append(text, to: &quoted)
        return quoted
    }
}
