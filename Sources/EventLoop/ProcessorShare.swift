/// How much processor time the control groups of a process give it, in whole processors.
enum ProcessorShare {
    /// nil = no limit is set.
    static func allowed() -> Int? {
        ControlGroups.folders(ControlGroups.own(), of: "cpu").compactMap { folder in
            if folder.isUnified { return ControlGroups.text(folder.path + "/cpu.max").flatMap(processors) }
            guard let quota = ControlGroups.text(folder.path + "/cpu.cfs_quota_us"),
                let period = ControlGroups.text(folder.path + "/cpu.cfs_period_us")
            else { return nil }
            return processors(quota + " " + period)
        }.min()
    }

    /// Rounded up, at least one.
    ///
    /// - Parameter text: microseconds of a period that may be used, and the period; `max` or -1 = all of it.
    static func processors(_ text: String) -> Int? {
        let numbers = text.split { $0 == " " || $0 == "\n" }.map { Int($0) }
        guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0
        else {
            return nil
        }
        return quota / period + (quota % period > 0 ? 1 : 0)
    }
}
