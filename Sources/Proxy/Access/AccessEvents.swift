internal import Access
internal import Logging
internal import WebSocketProtocol

// What access rules tell the operator. No line has a token in it, nor what a key is.
extension EventLog {
    func keysNotFetched(_ source: FetchedKeys, cause: String) {
        metrics.add(.accessKeyFetches, ["failed"])
        events.warning(
            "keys could not be fetched",
            metadata: [
                "upstream": "\(source.upstream)", "path": "\(source.path)", "side": "backend",
                "phase": "access", "cause": "\(cause)",
            ])
    }

    /// A file of passwords or keys was looked at.
    func watchedFile(_ path: String, _ outcome: OnWatchedFile) {
        switch outcome {
        case .same: break
        case .changed:
            metrics.add(.refreshes, ["loaded"])
            operations.notice("file read again", metadata: ["file": "\(path)"])
        case .broken(let cause):
            metrics.add(.refreshes, ["refused"])
            operations.error(
                "file can't be used, what it held before still counts",
                metadata: ["file": "\(path)", "cause": "\(cause)"])
        }
    }
}
