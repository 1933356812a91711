internal import CLinux

/// A folder with secrets that several processes share: only its owner enters it, files appear in it whole or not at all,
/// and who changes it holds its lock.
package struct PrivateFolder: Sendable {
    /// What is wrong with a folder.
    package enum Trouble: Equatable, Sendable, CustomStringConvertible {
        case missing
        case noFolder
        /// Others may read or enter it.
        case open(mode: UInt32)
        /// It belongs to another user, or can't be looked at.
        case foreign

        /// What an operator is told.
        package var description: String {
            switch self {
            case .missing: "does not exist"
            case .noFolder: "is no folder"
            case .open(let mode): "can be entered by others (mode \(String(mode, radix: 8))), expected 700"
            case .foreign: "belongs to another user"
            }
        }
    }

    /// Held until it is let go.
    package final class Lock: Sendable {
        private let descriptor: Int32
        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }
        deinit { _ = close(descriptor) }
    }

    /// Without a slash at its end.
    package let path: String

    /// A folder that may not be there yet.
    package init(_ path: String) { self.path = path }

    /// A folder within this one.
    package func folder(_ name: String) -> PrivateFolder { PrivateFolder("\(path)/\(name)") }

    /// nil when all is well.
    package var trouble: Trouble? {
        var mode: UInt32 = 0
        let verdict = unsafe trunkline_judge_folder(path, &mode)
        switch Int(verdict) {
        case TRUNKLINE_FOLDER_FINE: return nil
        case TRUNKLINE_FOLDER_MISSING: return .missing
        case TRUNKLINE_FOLDER_NONE: return .noFolder
        case TRUNKLINE_FOLDER_OPEN: return .open(mode: mode)
        default: return .foreign
        }
    }

    /// Makes it where it is missing; the folder above it must be there.
    package func make() throws(SystemError) {
        guard unsafe trunkline_make_private_folder(path) == 0 else { throw SystemError("mkdir") }
    }

    /// The bytes of a file; nil when there is none that can be read.
    package func read(_ name: String) -> [UInt8]? { try? FileContents.read("\(path)/\(name)") }

    /// Puts a file in the place of what was there under its name.
    package func write(_ bytes: [UInt8], to name: String) throws(SystemError) {
        // Two processes that write at once must not write into one file.
        let draft = "\(path)/.\(name).\(getpid())"
        guard unsafe trunkline_write_private(draft, bytes, bytes.count) == 0 else {
            throw SystemError("write")
        }
        guard unsafe trunkline_replace(draft, "\(path)/\(name)", path) == 0 else {
            let error = SystemError("rename")
            _ = unsafe unlink(draft)
            throw error
        }
    }

    /// Takes a file away; it is no failure if there is none.
    package func remove(_ name: String) { _ = unsafe unlink("\(path)/\(name)") }

    /// Takes drafts away that processes have left behind which ended while they wrote, an hour ago or longer.
    package func sweep() {
        for name in everything where name.hasPrefix(".") {
            let path = "\(path)/\(name)"
            if unsafe trunkline_file_age(path) > 3600 { remove(name) }
        }
    }

    /// The names of its files, hidden ones left out, sorted; a few thousand at most.
    package var names: [String] { everything.filter { !$0.hasPrefix(".") }.sorted() }

    private var everything: [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while names.count < 4096, let name = unsafe trunkline_next_name(folder) {
            names.append(unsafe String(cString: name))
        }
        return names
    }

    /// The lock of this name; nil when another holds it, in this process or another.
    package func lock(_ name: String) throws(SystemError) -> Lock? {
        let descriptor = unsafe trunkline_lock("\(path)/\(name)")
        if descriptor >= 0 { return Lock(descriptor) }
        let error = SystemError("lock")
        if error.code == EWOULDBLOCK { return nil }
        throw error
    }
}
