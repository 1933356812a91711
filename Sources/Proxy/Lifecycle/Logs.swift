internal import Configuration
internal import Logging
internal import Telemetry

/// The log destinations of a process.
struct Logs: Sendable {
    let log: EventLog
    private let writers: [LogWriter]

    /// Throws a complaint when the access log's file can't be opened. Events go to standard error.
    init(_ configuration: LogConfiguration, file: String) throws(Diagnostics) {
        let format: LogFormat = configuration.isJSON ? .json : .text
        let level = Logger.Level(rawValue: configuration.level) ?? .info
        let events = LogWriter(descriptor: 2)
        var writers = [events]
        var access: LogWriter?
        switch configuration.access {
        case .off: break
        case .stdout: access = LogWriter(descriptor: 1)
        case .stderr: access = events
        case .file(let path):
            var failure = ""
            let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
            let full = path.value.hasPrefix("/") ? path.value : folder + path.value
            guard let writer = LogWriter(path: full, failure: &failure) else {
                throw Diagnostics([
                    Diagnostic(
                        file: file, place: path.place,
                        text: "cannot open log file '\(path.value)': \(failure)")
                ])
            }
            access = writer
        }
        if let access { writers.append(access) }
        self.writers = writers
        log = EventLog(
            access: access.map { writer in
                Logger(label: "access") { _ in
                    StructuredLogHandler(writer: writer, format: format, level: .info)
                }
            },
            events: Logger(label: "trunkline") { _ in
                StructuredLogHandler(writer: events, format: format, level: level)
            })
    }

    /// Waits until everything is written.
    func flush() {
        for writer in writers { writer.flush() }
    }
}
