/// How much memory the process may use: the machine's, or less where its control groups say so.
package enum MachineMemory {
    private static let root = "/sys/fs/cgroup"

    /// Bytes; nil where nothing says it.
    package static func usable() -> Int? {
        let groups = limitFiles(text("/proc/self/cgroup") ?? "")
        let limits = groups.compactMap { text($0).flatMap(number) }
        return (limits + [total(text("/proc/meminfo") ?? "")].compactMap { $0 }).min()
    }

    private static func text(_ path: String) -> String? {
        (try? FileContents.read(path)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The files that bound a process's memory: of its own group and of those around it, for both versions of control
    /// groups. Containers often see only the root of what is theirs.
    ///
    /// - Parameter groups: of `/proc/self/cgroup`: lines such as `0::/a/b` or `9:memory:/a/b`.
    static func limitFiles(_ groups: String) -> [String] {
        var files: [String] = []
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isUnified = parts[1].isEmpty
            guard isUnified || parts[1].split(separator: ",").contains("memory") else { continue }
            let (base, name) = isUnified ? (root, "memory.max") : ("\(root)/memory", "memory.limit_in_bytes")
            var path = base
            files.append("\(path)/\(name)")
            for step in parts[2].split(separator: "/").prefix(64) {
                path += "/\(step)"
                files.append("\(path)/\(name)")
            }
        }
        return files
    }

    /// A limit as a control group says it; `max` is none.
    static func number(_ text: String) -> Int? {
        text.split { $0 == "\n" || $0 == " " }.first.flatMap { Int($0) }
    }

    /// `MemTotal` of `/proc/meminfo`, which counts in KiB.
    static func total(_ text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("MemTotal:") {
            let words = line.split(separator: " ")
            guard words.count > 1, let size = Int(words[1]) else { return nil }
            return size.multipliedReportingOverflow(by: 1024).partialValue
        }
        return nil
    }
}
