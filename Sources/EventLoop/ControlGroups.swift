/// Where the kernel keeps the limits of a process's control groups.
enum ControlGroups {
    /// Of one group; in version 2 one tree serves all controllers.
    struct Folder: Equatable {
        let path: String
        let isUnified: Bool
    }

    private static let root = "/sys/fs/cgroup"

    /// What the kernel says of this process: lines such as `0::/a/b` or `9:memory:/a/b`.
    static func own() -> String { text("/proc/self/cgroup") ?? "" }

    static func text(_ path: String) -> String? {
        (try? FileContents.read(path)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The folders that bound a process in one respect: of its own group and of those around it, from the outermost inwards,
    /// for both versions of control groups. Containers often see only the root of what is theirs.
    ///
    /// - Parameter groups: as `own` returns them.
    static func folders(_ groups: String, of controller: String) -> [Folder] {
        var folders: [Folder] = []
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isUnified = parts[1].isEmpty
            guard isUnified || parts[1].split(separator: ",").contains(Substring(controller)) else {
                continue
            }
            var path = isUnified ? root : "\(root)/\(controller)"
            folders.append(Folder(path: path, isUnified: isUnified))
            for step in parts[2].split(separator: "/").prefix(64) {
                path += "/\(step)"
                folders.append(Folder(path: path, isUnified: isUnified))
            }
        }
        return folders
    }
}
