internal import Configuration
internal import Logging
internal import Telemetry

/// Where lines go, for any thread.
struct LogSinks: Sendable {
    /// nil when `log.access` is off.
    let access: Logger?
    /// For what peers can cause: summed up.
    let events: Logger
    /// For what the process and its operator do.
    let operations: Logger
}

/// The log destinations of a process.
struct Logs {
    let sinks: LogSinks
    /// The main thread's own log, with what it counts.
    let log: EventLog
    private let summaries: SummarisingLog
    private let writers: [(name: String, writer: LogWriter)]

    /// Throws a complaint when the access log's file can't be opened. Events go to standard error.
    init(_ configuration: LogConfiguration, file: String) throws(Diagnostics) {
        let format: LogFormat = configuration.isJSON ? .json : .text
        let level = Logger.Level(rawValue: configuration.level) ?? .info
        let events = LogWriter(descriptor: 2)
        var writers = [("events", events)]
        let access = try Self.writer(configuration.access, file: file, events: events)
        if let access, access !== events { writers.append(("access", access)) }
        self.writers = writers
        let handler = StructuredLogHandler(writer: events, format: format, level: level)
        // Each says for how long a feed's clients may have missed something, and a feed asks more and more seldom.
        summaries = SummarisingLog(handler, bursts: ["feed reopened": 5])
        sinks = LogSinks(
            access: access.map { writer in
                Logger(label: "access") { _ in
                    StructuredLogHandler(writer: writer, format: format, level: .info)
                }
            },
            events: summaries.logger, operations: Logger(label: "trunkline") { _ in handler })
        log = EventLog(sinks, metrics: WorkerMetrics())
        if let access { Self.tellTrouble(of: access, to: sinks.operations) }
    }

    /// Where the access log goes; nil when it is off.
    private static func writer(
        _ access: LogConfiguration.Target, file: String, events: LogWriter
    ) throws(Diagnostics) -> LogWriter? {
        switch access {
        case .off: return nil
        case .stdout: return LogWriter(descriptor: 1)
        case .stderr: return events
        case .file(let path):
            var failure = ""
            let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
            let full = path.value.hasPrefix("/") ? path.value : folder + path.value
            if let writer = LogWriter(path: full, failure: &failure) { return writer }
            throw Diagnostics([
                Diagnostic(
                    file: file, place: path.place,
                    text: "cannot open log file '\(path.value)': \(failure)")
            ])
        }
    }

    /// A line about a hole in the access log goes to the events.
    private static func tellTrouble(of access: LogWriter, to operations: Logger) {
        access.tellTrouble { trouble in
            switch trouble {
            case .lost(let lines, let reason):
                operations.error(
                    "access log lost lines",
                    metadata: ["lines": .stringConvertible(lines), "cause": "\(reason)"])
            case .notReopened(let reason):
                operations.error(
                    "access log can't be opened again, the old file is written",
                    metadata: ["cause": "\(reason)"])
            case .writesAgain: operations.notice("access log is written again")
            }
        }
    }

    /// Lines that were not written, by log.
    var lostLines: [(name: String, lines: UInt64)] { writers.map { ($0.name, $0.writer.lostLines) } }

    /// Opens the access log's file anew, after its old one was moved away.
    func reopen() {
        for (_, writer) in writers { writer.reopen() }
    }

    /// Writes what was summed up. To be called once a second.
    ///
    /// - Parameter isEnd: all of it, since the process ends.
    func writeSummaries(isEnd: Bool = false) { summaries.writeDue(isEnd: isEnd) }

    /// Waits until everything is written.
    func flush() {
        for (_, writer) in writers { writer.flush() }
    }
}
