internal import Durations
internal import Logging

/// What the process and its operator do.
enum ProcessEvent: Event {
    case started(listeners: [String], workers: Int)
    /// A worker's loop, memory or TLS could not be set up: the process ends.
    case workerFailed(_ worker: Int, _ cause: String)
    /// - Parameter limit: nanoseconds.
    case draining(signal: String, limit: Duration)
    case stopped(cause: String)
    case reloaded
    case reloadFailed(_ complaints: [String])
    case warned(_ text: String)
    case certificateExpires(_ listener: String, _ name: String, _ words: String)
    case drainOrdered(_ selection: String, rate: Int)
    case undrained(_ selection: String)
    /// An operator reads the traffic; whoever has the file can, too.
    case keysAreLogged(to: String, failure: String)
    /// A file of passwords or keys was looked at, and has changed.
    case fileReadAgain(_ path: String)
    case fileUseless(_ path: String, cause: String)
    /// Files that the configuration names have changed.
    ///
    /// - Parameter refused: what is wrong with those that are of no use.
    case refreshed(_ files: String, refused: [String])
    /// The configuration itself has changed, and is watched.
    case filesChanged(_ files: [String])

    // Another process takes over.

    case handOverBegan(process: Int32)
    case handOverDone(process: Int32)
    case handOverFailed(_ cause: String)
    /// Another process accepts, and this one leaves its sessions alone for so many nanoseconds.
    case lingering(_ limit: Duration)
    /// What the process before this one knew goes on.
    case stateTaken(listeners: Int, drained: Int)
    /// Ticket keys and drains by order end with the process that had them.
    case stateLost(_ cause: String)
    /// What another process sent could not be read: that client's connection is closed.
    case arrivalLost(_ cause: String)
}

extension ProcessEvent {
    func count(in metrics: WorkerMetrics) {
        switch self {
        case .reloaded: metrics.add(.reloads, ["loaded"])
        case .reloadFailed: metrics.add(.reloads, ["refused"])
        case .fileReadAgain, .refreshed(_, refused: []): metrics.add(.refreshes, ["loaded"])
        case .fileUseless, .refreshed: metrics.add(.refreshes, ["refused"])
        case .started, .workerFailed, .draining, .stopped, .warned, .certificateExpires, .drainOrdered,
            .undrained, .keysAreLogged, .filesChanged, .handOverBegan, .handOverDone, .handOverFailed,
            .lingering, .stateTaken, .stateLost,
            .arrivalLost:
            break
        }
    }

    /// One, but for a file that is as it was, and for a configuration with many faults.
    var lines: [EventLine] {
        switch self {
        case .started(let listeners, let workers): [Self.started(listeners, workers)]
        case .workerFailed(let worker, let cause):
            [
                .operation(
                    .critical, "worker cannot start",
                    ["worker": .stringConvertible(worker), "cause": "\(cause)"])
            ]
        case .draining(let signal, let limit):
            [
                .operation(
                    .notice, "draining",
                    ["signal": "\(signal)", "limit_ms": .milliseconds(limit.nanoseconds)])
            ]
        case .stopped(let cause): [.operation(.notice, "stopped", ["cause": "\(cause)"])]
        case .certificateExpires(let listener, let name, let words):
            [
                .operation(
                    .warning, "certificate expires",
                    ["listener": "\(listener)", "name": "\(name)", "cause": "\(words)"])
            ]
        case .reloaded, .reloadFailed, .warned, .keysAreLogged, .fileReadAgain, .fileUseless, .refreshed,
            .filesChanged:
            ofFiles
        case .drainOrdered, .undrained: ofOrders
        case .handOverBegan, .handOverDone, .handOverFailed, .lingering, .stateTaken, .stateLost,
            .arrivalLost:
            ofHandOvers
        }
    }

    private static func started(_ listeners: [String], _ workers: Int) -> EventLine {
        .operation(
            .notice, "started",
            [
                "listeners": "\(listeners.joined(separator: " "))",
                "workers": .stringConvertible(workers),
            ])
    }

    private var ofFiles: [EventLine] {
        switch self {
        case .reloaded: [.operation(.notice, "configuration reloaded")]
        case .reloadFailed(let complaints):
            complaints.map {
                .operation(
                    .error, "configuration not reloaded, the old one stays", ["cause": "\($0)"])
            }
        case .warned(let text): [.operation(.warning, "configuration", ["cause": "\(text)"])]
        case .keysAreLogged(let path, failure: ""):
            [.operation(.warning, "session keys are written to a file", ["file": "\(path)"])]
        case .keysAreLogged(let path, let failure):
            [
                .operation(
                    .error, "session keys can't be written", ["file": "\(path)", "cause": "\(failure)"])
            ]
        case .fileReadAgain(let path): [.operation(.notice, "file read again", ["file": "\(path)"])]
        case .fileUseless(let path, let cause): [Self.useless(["file": "\(path)", "cause": "\(cause)"])]
        case .refreshed(let files, refused: []):
            [.operation(.notice, "files read again", ["files": "\(files)"])]
        case .refreshed(let files, let refused):
            refused.map { Self.useless(["files": "\(files)", "cause": "\($0)"]) }
        case .filesChanged(let files):
            [
                .operation(
                    .notice, "configuration file changed", ["file": "\(files.joined(separator: " "))"])
            ]
        case .started, .workerFailed, .draining, .stopped, .certificateExpires, .drainOrdered, .undrained,
            .handOverBegan, .handOverDone, .handOverFailed, .lingering, .stateTaken, .stateLost,
            .arrivalLost:
            []
        }
    }

    private static func useless(_ fields: Logger.Metadata) -> EventLine {
        .operation(.error, "file can't be used, what it held before still counts", fields)
    }

    private var ofOrders: [EventLine] {
        switch self {
        case .drainOrdered(let selection, let rate):
            [
                .operation(
                    .notice, "draining", ["selection": "\(selection)", "rate": .stringConvertible(rate)])
            ]
        case .undrained(let selection):
            [.operation(.notice, "undrained", ["selection": "\(selection)"])]
        case .started, .workerFailed, .draining, .stopped, .reloaded, .reloadFailed, .warned,
            .certificateExpires, .keysAreLogged, .fileReadAgain, .fileUseless, .refreshed, .filesChanged,
            .handOverBegan, .handOverDone, .handOverFailed, .lingering, .stateTaken, .stateLost,
            .arrivalLost:
            []
        }
    }

    private var ofHandOvers: [EventLine] {
        switch self {
        case .handOverBegan(let process):
            [.operation(.notice, "new process started", ["process": .stringConvertible(process)])]
        case .handOverDone(let process):
            [.operation(.notice, "new process serves", ["process": .stringConvertible(process)])]
        case .handOverFailed(let cause):
            [.operation(.error, "new process failed, the old one goes on", ["cause": "\(cause)"])]
        case .lingering(let limit):
            [
                .operation(
                    .notice, "sessions go on in this process until they end",
                    ["limit_ms": .milliseconds(limit.nanoseconds)])
            ]
        case .stateTaken(let listeners, let drained):
            [
                .operation(
                    .notice, "state taken over",
                    [
                        "ticket_keys": .stringConvertible(listeners),
                        "drained": .stringConvertible(drained),
                    ])
            ]
        case .stateLost(let cause):
            [.operation(.warning, "state not handed over", ["cause": "\(cause)"])]
        case .arrivalLost(let cause):
            [.operation(.warning, "connection from another process is of no use", ["cause": "\(cause)"])]
        case .started, .workerFailed, .draining, .stopped, .reloaded, .reloadFailed, .warned,
            .certificateExpires, .drainOrdered, .undrained, .keysAreLogged, .fileReadAgain, .fileUseless,
            .refreshed, .filesChanged:
            []
        }
    }
}
