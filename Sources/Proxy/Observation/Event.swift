internal import Logging

/// Something that the operator is told: a value of plain facts, which knows its words and what it is counted as.
protocol Event {
    func count(in metrics: WorkerMetrics)
    /// None for what is only counted; several for what has several faults.
    var lines: [EventLine] { get }
}

/// A line of the log: how loud it is, its words and its fields.
struct EventLine: Equatable {
    /// Who can cause it, and so where it goes.
    enum Kind: Equatable {
        /// Peers can: a flood of one kind is summed up in a line a second.
        case event(Logger.Level)
        /// The process and its operator do: every line is written.
        case operation(Logger.Level)
    }

    var level: Logger.Level {
        switch kind {
        case .event(let level), .operation(let level): level
        }
    }

    let kind: Kind
    let message: Logger.Message
    let fields: Logger.Metadata
}

extension EventLine {
    static func event(
        _ level: Logger.Level, _ message: Logger.Message, _ fields: Logger.Metadata
    ) -> EventLine {
        EventLine(kind: .event(level), message: message, fields: fields)
    }

    static func operation(
        _ level: Logger.Level, _ message: Logger.Message, _ fields: Logger.Metadata = [:]
    ) -> EventLine {
        EventLine(kind: .operation(level), message: message, fields: fields)
    }
}

extension Logger.MetadataValue {
    /// Nanoseconds, as lines tell times.
    static func milliseconds(_ time: UInt64) -> Logger.MetadataValue { .stringConvertible(time / 1_000_000) }
}
