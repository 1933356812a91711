internal import CLinux

/// What changes when a file does: asked often, so that the file itself is read seldom.
package struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64
    private let size: Int64
    private let writtenSeconds: Int64
    private let writtenNanoseconds: Int64
    // Rights count: a file that could not be read may be readable now.
    private let changedSeconds: Int64
    private let changedNanoseconds: Int64

    /// Of a file, whatever links lead to it; nil where there is none.
    package init?(_ path: String) {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return nil }
        device = UInt64(facts.st_dev)
        number = UInt64(facts.st_ino)
        size = Int64(facts.st_size)
        writtenSeconds = Int64(facts.st_mtim.tv_sec)
        writtenNanoseconds = Int64(facts.st_mtim.tv_nsec)
        changedSeconds = Int64(facts.st_ctim.tv_sec)
        changedNanoseconds = Int64(facts.st_ctim.tv_nsec)
    }
}
