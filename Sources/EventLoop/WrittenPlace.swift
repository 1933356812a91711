internal import CLinux

/// Where a process is to put something, looked at before it does: whether it could.
package enum WrittenPlace {
    /// Why nothing can be put there.
    package enum Trouble: Equatable, Sendable, CustomStringConvertible {
        /// The folder that it is to be in.
        case noFolder(String)
        /// Something else has the folder's name.
        case otherThanFolder(String)
        /// A folder has the file's name.
        case isFolder
        /// What the kernel says of this process and the file, or the folder where there is none.
        case forbidden(SystemError)

        /// What an operator is told.
        package var description: String {
            switch self {
            case .noFolder(let folder): "the folder '\(folder)' does not exist"
            case .otherThanFolder(let folder): "'\(folder)' is no folder"
            case .isFolder: "it is a folder"
            case .forbidden(let error): error.reason
            }
        }
    }

    /// Of a file that is made where there is none.
    ///
    /// - Parameter isReplaced: another file takes its place, instead of more being written to it.
    package static func trouble(ofFile path: String, isReplaced: Bool) -> Trouble? {
        switch kind(path) {
        case .folder: return .isFolder
        case .other where !isReplaced: return forbidden(path, W_OK)
        case .other: return forbidden(folder(of: path), W_OK | X_OK)
        case .nothing: return trouble(ofFolderAbove: path) ?? forbidden(folder(of: path), W_OK | X_OK)
        }
    }

    /// Of the folder that something is to be in; who may write there is not asked.
    package static func trouble(ofFolderAbove path: String) -> Trouble? {
        let folder = folder(of: path)
        switch kind(folder) {
        case .folder: return nil
        case .other: return .otherThanFolder(folder)
        case .nothing: return .noFolder(folder)
        }
    }

    private enum Kind { case nothing, folder, other }

    private static func kind(_ path: String) -> Kind {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return .nothing }
        return Int32(facts.st_mode) & S_IFMT == S_IFDIR ? .folder : .other
    }

    private static func forbidden(_ path: String, _ rights: Int32) -> Trouble? {
        // By the rights that it would be opened with.
        unsafe faccessat(AT_FDCWD, path, rights, AT_EACCESS) == 0 ? nil : .forbidden(SystemError("access"))
    }

    static func folder(of path: String) -> String {
        let trimmed = path.utf8.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }
}
