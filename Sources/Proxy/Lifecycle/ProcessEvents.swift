internal import EventLoop
internal import HTTPProtocol
internal import Logging
internal import Telemetry
internal import WebSocketProtocol

// What the log says of the process: its start, its orders, and its end.
extension EventLog {
    func started(listeners: [String], workers: Int) {
        operations.notice(
            "started",
            metadata: [
                "listeners": "\(listeners.joined(separator: " "))", "workers": .stringConvertible(workers),
            ])
    }

    /// A worker's loop, memory or TLS could not be set up: the process ends.
    func workerFailed(_ worker: Int, _ cause: String) {
        operations.critical(
            "worker cannot start", metadata: ["worker": .stringConvertible(worker), "cause": "\(cause)"])
    }

    func draining(signal: String, limit: UInt64) {
        operations.notice(
            "draining",
            metadata: ["signal": "\(signal)", "limit_ms": .stringConvertible(limit / 1_000_000)])
    }

    func stopped(cause: String) { operations.notice("stopped", metadata: ["cause": "\(cause)"]) }

    func reloaded() {
        metrics.add(.reloads, ["loaded"])
        operations.notice("configuration reloaded")
    }

    /// Files that the configuration names have changed.
    ///
    /// - Parameter refused: those that are of no use.
    func refreshed(_ cause: String, refused: [String]) {
        metrics.add(.refreshes, [refused.isEmpty ? "loaded" : "refused"])
        if refused.isEmpty { operations.notice("files read again", metadata: ["files": "\(cause)"]) }
        for complaint in refused {
            operations.error(
                "file can't be used, what it held before still counts",
                metadata: ["files": "\(cause)", "cause": "\(complaint)"])
        }
    }

    /// The configuration itself has changed, and is watched.
    func filesChanged(_ files: [String]) {
        operations.notice("configuration file changed", metadata: ["file": "\(files.joined(separator: " "))"])
    }

    func warned(_ text: String) { operations.warning("configuration", metadata: ["cause": "\(text)"]) }

    func certificateExpires(_ listener: String, _ name: String, _ words: String) {
        operations.warning(
            "certificate expires",
            metadata: ["listener": "\(listener)", "name": "\(name)", "cause": "\(words)"])
    }

    func drainOrdered(_ selection: DrainSelection, rate: Int) {
        operations.notice(
            "draining", metadata: ["selection": "\(selection)", "rate": .stringConvertible(rate)])
    }

    func undrained(_ selection: DrainSelection) {
        operations.notice("undrained", metadata: ["selection": "\(selection)"])
    }

    func handOverBegan(process: Int32) {
        operations.notice("new process started", metadata: ["process": .stringConvertible(process)])
    }

    func handOverDone(process: Int32) {
        operations.notice("new process serves", metadata: ["process": .stringConvertible(process)])
    }

    func handOverFailed(_ cause: String) {
        operations.error("new process failed, the old one goes on", metadata: ["cause": "\(cause)"])
    }

    /// What the process before this one knew goes on.
    func stateTaken(listeners: Int, drained: Int) {
        operations.notice(
            "state taken over",
            metadata: [
                "ticket_keys": .stringConvertible(listeners), "drained": .stringConvertible(drained),
            ])
    }

    /// Ticket keys and drains by order end with the process that had them.
    func stateLost(_ cause: String) {
        operations.warning("state not handed over", metadata: ["cause": "\(cause)"])
    }

    func reloadFailed(_ complaints: [String]) {
        metrics.add(.reloads, ["refused"])
        for complaint in complaints {
            operations.error(
                "configuration not reloaded, the old one stays", metadata: ["cause": "\(complaint)"])
        }
    }
}
