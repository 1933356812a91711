package import Logging
internal import Synchronization

/// Writes what its loggers are given through an `EventSummary`, from any thread: of a flood of events of one kind one
/// line a second is written, with `count`, and with `causes` where they had several: the last one's alone would be told
/// of all.
///
/// What an event is about is its `upstream`, `listener` or `backend`, the first of them that it has.
package final class SummarisingLog: Sendable {
    private static let subjects = ["upstream", "listener", "backend", "limit", "worker"]

    private struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
        var causes = CauseTally()

        init(_ event: LogEvent, _ metadata: Logger.Metadata) {
            level = event.level
            message = "\(event.message)"
            self.metadata = metadata
            if let cause = metadata["cause"] { causes.count("\(cause)") }
        }

        /// Stands for those before it as well.
        func following(_ earlier: Line) -> Line {
            var line = self
            line.causes = earlier.causes
            line.causes.add(causes)
            return line
        }
    }

    private let summary = Mutex(EventSummary<Line> { $1.following($0) })
    private let handler: StructuredLogHandler
    private let bursts: [String: Int]

    /// What is written goes to `handler`.
    ///
    /// - Parameter bursts: how many lines with these texts are written at once, where it is more than one.
    package init(_ handler: StructuredLogHandler, bursts: [String: Int] = [:]) {
        self.handler = handler
        self.bursts = bursts
    }

    /// Loggers that write through the summary.
    package var logger: Logger {
        Logger(label: "trunkline") { [handler] _ in Handler(log: self, logLevel: handler.logLevel) }
    }

    /// Writes the summaries that are due. To be called once a second.
    ///
    /// - Parameter isEnd: all there are.
    package func writeDue(isEnd: Bool = false) {
        for summary in summary.withLock({ $0.due(at: WallClock.monotonic(), isEnd: isEnd) }) {
            var fields = summary.line.metadata
            if summary.count > 1 { fields["count"] = .stringConvertible(summary.count) }
            if let causes = summary.line.causes.text { fields["causes"] = .string(causes) }
            handler.write(level: summary.line.level, message: summary.line.message, metadata: fields)
        }
    }

    fileprivate func came(_ line: LogEvent, _ metadata: Logger.Metadata) {
        let subject = Self.subjects.lazy.compactMap { metadata[$0]?.description }.first { !$0.isEmpty } ?? ""
        let held = Line(line, metadata)
        let message = held.message
        let decision = summary.withLock { summary in
            summary.came(
                .init(message: message, subject: subject), held, at: WallClock.monotonic(),
                burst: bursts[message] ?? 1)
        }
        if case .write = decision { handler.write(level: line.level, message: message, metadata: metadata) }
    }

    private struct Handler: LogHandler {
        let log: SummarisingLog
        var logLevel: Logger.Level
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.came(event, event.metadata.map { metadata.merging($0) { $1 } } ?? metadata)
        }
    }
}

/// How often each of a few causes was told.
private struct CauseTally: Sendable {
    private static let most = 4
    private var causes: [(text: String, count: UInt64)] = []
    private var others: UInt64 = 0

    mutating func count(_ text: String) { add(text, 1) }

    mutating func add(_ tally: CauseTally) {
        for cause in tally.causes { add(cause.text, cause.count) }
        others += tally.others
    }

    private mutating func add(_ text: String, _ count: UInt64) {
        if let index = causes.firstIndex(where: { $0.text == text }) {
            causes[index].count += count
        } else if causes.count < Self.most {
            causes.append((text, count))
        } else {
            others += count
        }
    }

    /// The most frequent first; nil where there is only one.
    var text: String? {
        guard causes.count > 1 else { return nil }
        var parts = causes.sorted { ($0.count, $1.text) > ($1.count, $0.text) }.map {
            "\($0.text): \($0.count)"
        }
        if others > 0 { parts.append("others: \(others)") }
        return parts.joined(separator: "; ")
    }
}
