package import Logging
internal import Synchronization

/// Writes what its loggers are given through an `EventSummary`, from any thread: of a flood of events of one kind one
/// line a second is written, with `count`.
///
/// What an event is about is its `upstream`, `listener` or `backend`, the first of them that it has.
package final class SummarisingLog: Sendable {
    private static let subjects = ["upstream", "listener", "backend", "limit", "worker"]

    private struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private let summary = Mutex(EventSummary<Line>())
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
            handler.write(level: summary.line.level, message: summary.line.message, metadata: fields)
        }
    }

    fileprivate func came(_ line: LogEvent, _ metadata: Logger.Metadata) {
        let subject = Self.subjects.lazy.compactMap { metadata[$0]?.description }.first { !$0.isEmpty } ?? ""
        let message = "\(line.message)"
        let held = Line(level: line.level, message: message, metadata: metadata)
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
