internal import CLinux

/// What changes when a file does: asked often, so that the file itself is read seldom.
package struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64
    private let size: Int64
    /// Both since 1970.
    private let written: Duration
    // Rights count: a file that could not be read may be readable now.
    private let changed: Duration

    /// Of a file, whatever links lead to it; nil where there is none.
    package init?(_ path: String) {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return nil }
        device = UInt64(facts.st_dev)
        number = UInt64(facts.st_ino)
        size = Int64(facts.st_size)
        written = .seconds(facts.st_mtim.tv_sec) + .nanoseconds(facts.st_mtim.tv_nsec)
        changed = .seconds(facts.st_ctim.tv_sec) + .nanoseconds(facts.st_ctim.tv_nsec)
    }
}
