internal import EventLoop
internal import Synchronization

/// A file whose content is used by all workers and read again when it changes: a `WatchedFile`, whatever it holds.
protocol WatchedFileLook: AnyObject, Sendable {
    /// For the log.
    var path: String { get }
    /// What the file was when it was read last.
    var stamp: FileStamp? { get }
    /// Reads the file where it has changed. On the main loop: workers never wait for a disk.
    func look() -> OnWatchedFile
}

/// What a look at a file found.
enum OnWatchedFile: Equatable, Sendable {
    case same, changed
    /// It is no good now; what it had counts on.
    case broken(String)
}

final class WatchedFile<Value: Sendable>: WatchedFileLook {
    private struct State: Sendable {
        var value: Value
        var stamp: FileStamp?
    }

    let path: String
    private let state: Mutex<State>
    private let read: @Sendable ([UInt8]) throws(WatchedFileError) -> Value

    /// Reads it for the first time.
    init(
        _ path: String, _ read: @escaping @Sendable ([UInt8]) throws(WatchedFileError) -> Value
    ) throws(WatchedFileError) {
        self.path = path
        self.read = read
        // Before the content: what changes in between is found by the next look.
        let stamp = FileStamp(path)
        state = Mutex(State(value: try Self.load(path, read), stamp: stamp))
    }

    var value: Value { state.withLock { $0.value } }
    var stamp: FileStamp? { state.withLock { $0.stamp } }

    func look() -> OnWatchedFile {
        let stamp = FileStamp(path)
        guard stamp != state.withLock({ $0.stamp }) else { return .same }
        do throws(WatchedFileError) {
            let value = try Self.load(path, read)
            state.withLock { $0 = State(value: value, stamp: stamp) }
            return .changed
        } catch {
            // It is said once for each state of the file.
            state.withLock { $0.stamp = stamp }
            return .broken(error.reason)
        }
    }

    private static func load(
        _ path: String, _ read: ([UInt8]) throws(WatchedFileError) -> Value
    ) throws(WatchedFileError) -> Value {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileContents.read(path)
        } catch {
            throw WatchedFileError(reason: "cannot be read: \(error.reason)")
        }
        return try read(bytes)
    }
}

/// Why the content of a file can't be used.
struct WatchedFileError: Error, Equatable, Sendable {
    let reason: String
}
