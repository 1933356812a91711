internal import Glibc

/// Where a log is written: a descriptor that stays, or a file that is followed by its name, so that whoever rotates logs
/// may move it away.
///
/// Used by one thread. What can't be opened anew leaves the old file in use: better there than nowhere.
struct LogFile {
    private(set) var descriptor: Int32
    /// nil: there is nothing to follow.
    private let path: String?
    private var lookedAt = 0

    init(descriptor: Int32) {
        self.descriptor = descriptor
        path = nil
    }

    /// nil when it can't be opened, with the reason in `failure`.
    init?(path: String, failure: inout String) {
        descriptor = Self.open(path)
        guard descriptor >= 0 else {
            failure = unsafe String(cString: strerror(errno))
            return nil
        }
        self.path = path
    }

    /// Opens the file again where its name leads to another file now, or to none.
    ///
    /// - Parameters:
    ///   - now: seconds; it is looked at once in each.
    ///   - isAsked: whatever the name leads to, and now.
    /// - Returns: `errno` when it had to be opened and could not.
    mutating func follow(at now: Int, isAsked: Bool = false) -> Int32? {
        guard let path, isAsked || now != lookedAt else { return nil }
        lookedAt = now
        guard isAsked || hasMoved(from: path) else { return nil }
        let next = Self.open(path)
        guard next >= 0 else { return errno }
        close(descriptor)
        descriptor = next
        return nil
    }

    private func hasMoved(from path: String) -> Bool {
        var named = stat()
        var held = stat()
        guard unsafe fstat(descriptor, &held) == 0 else { return true }
        // What can't be looked up for another reason than that it is gone is no reason to open it.
        guard unsafe stat(path, &named) == 0 else { return errno == ENOENT }
        return named.st_ino != held.st_ino || named.st_dev != held.st_dev
    }

    private static func open(_ path: String) -> Int32 {
        unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    }
}
