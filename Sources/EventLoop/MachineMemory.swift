/// How much memory the process may use: the machine's, or less where its control groups say so.
package enum MachineMemory {
    /// Bytes; nil where nothing says it.
    package static func usable() -> Int? {
        let groups = limitFiles(ControlGroups.own())
        let limits = groups.compactMap { ControlGroups.text($0).flatMap(number) }
        return (limits + [total(ControlGroups.text("/proc/meminfo") ?? "")].compactMap { $0 }).min()
    }

    /// The files that bound a process's memory: of its own group and of those around it, for both versions of control
    /// groups. Containers often see only the root of what is theirs.
    ///
    /// - Parameter groups: of `/proc/self/cgroup`: lines such as `0::/a/b` or `9:memory:/a/b`.
    static func limitFiles(_ groups: String) -> [String] {
        ControlGroups.folders(groups, of: "memory").map {
            $0.path + ($0.isUnified ? "/memory.max" : "/memory.limit_in_bytes")
        }
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
