/// Chooses the rows of each family that a page shows, the same ones at each scrape: what was shown once stays as long as
/// it is there. What there is no room for is summed up in one row whose labels all say `other`, and counted.
package struct ShownSeries {
    private var shown: [Metric: Set<[String]>] = [:]

    /// Nothing shown yet.
    package init() {}

    /// - Parameter most: rows of a family, the one for the others not counted.
    /// - Returns: what is to be shown, and how many rows of which family were left out.
    package mutating func choose(
        from set: MetricSet, most: Int
    ) -> (shown: MetricSet, leftOut: [(metric: Metric, rows: Int)]) {
        var chosen = MetricSet(mostRows: .max)
        var leftOut: [(metric: Metric, rows: Int)] = []
        for metric in set.metrics {
            let rows = set.rows(metric)
            guard rows.count > most else {
                shown[metric] = Set(rows.keys)
                for (labels, value) in rows { chosen.put(metric, labels, value) }
                continue
            }
            let kept = keep(metric, rows, most)
            let other = [String](repeating: "other", count: metric.labels.count)
            for (labels, value) in rows { chosen.put(metric, kept.contains(labels) ? labels : other, value) }
            leftOut.append((metric, rows.count - kept.count))
        }
        return (chosen, leftOut.sorted { $0.metric.name < $1.metric.name })
    }

    /// Those that were shown before, then those that say something, then the rest; each in the order of their labels.
    private mutating func keep(_ metric: Metric, _ rows: [[String]: MetricValue], _ most: Int) -> Set<
        [String]
    > {
        var kept = (shown[metric] ?? []).filter { rows[$0] != nil }
        if kept.count > most { kept = Set(kept.sorted { $0.lexicographicallyPrecedes($1) }.prefix(most)) }
        let new = rows.keys.filter { !kept.contains($0) }.sorted { $0.lexicographicallyPrecedes($1) }
        for saysSomething in [true, false] {
            for labels in new where kept.count < most && rows[labels]?.isZero != saysSomething {
                kept.insert(labels)
            }
        }
        shown[metric] = kept
        return kept
    }
}

extension MetricValue {
    fileprivate var isZero: Bool {
        switch self {
        case .count(let count): count == 0
        case .number(let number): number == 0
        case .histogram(let histogram): histogram.counts.allSatisfy { $0 == 0 }
        }
    }
}
