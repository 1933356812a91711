/// What a family has for one combination of labels.
package enum MetricValue: Equatable, Sendable {
    case count(UInt64)
    case number(Double)
    case histogram(Histogram)

    mutating func add(_ other: MetricValue) {
        switch (self, other) {
        case (.count(let a), .count(let b)): self = .count(a &+ b)
        case (.number(let a), .number(let b)): self = .number(a + b)
        case (.count(let a), .number(let b)): self = .number(Double(a) + b)
        case (.number(let a), .count(let b)): self = .number(a + Double(b))
        case (.histogram(var a), .histogram(let b)):
            // So that its counts are changed where they stand.
            self = .count(0)
            a.add(b)
            self = .histogram(a)
        case (.histogram, _), (_, .histogram): break
        }
    }

    mutating func record(_ value: UInt64, _ buckets: HistogramBuckets) {
        guard case .histogram(var histogram) = self else { return }
        self = .count(0)
        histogram.record(value, buckets)
        self = .histogram(histogram)
    }
}

/// Values of metrics, as plain memory of one thread. A copy of it is a snapshot, and snapshots can be merged.
///
/// Labels are looked up at each call, which is right for what happens once a session or rarer. What happens with every
/// message is counted elsewhere in plain integers and put in here when somebody asks.
package struct MetricSet: Sendable {
    private let mostRows: Int
    private struct Family {
        let metric: Metric
        var rows = MetricRows()
    }

    /// By the places of the families; nil = no rows.
    private var families: [Family?] = []

    /// Nothing counted.
    ///
    /// - Parameter mostRows: labels may come from configurations and names of the network: where a set is counted in, a
    ///   family stops growing here, and what is over goes to one row whose labels all say `other`. Sets that are made
    ///   to be shown have all: which rows come first in them is chance.
    package init(mostRows: Int = .max) { self.mostRows = mostRows }

    /// The families that have rows.
    package var metrics: [Metric] { families.compactMap { $0?.metric } }

    /// Adds to a counter.
    package mutating func add(_ metric: Metric, _ labels: [String] = [], by amount: UInt64 = 1) {
        put(metric, labels, .count(amount))
    }

    /// Adds to a gauge, or to a counter of fractions.
    package mutating func add(_ metric: Metric, _ labels: [String] = [], number: Double) {
        put(metric, labels, .number(number))
    }

    /// Sets a gauge.
    package mutating func set(_ metric: Metric, _ labels: [String] = [], to number: Double) {
        change(metric, labels, from: .number(0)) { $0 = .number(number) }
    }

    /// Counts a value, in the unit of the histogram's bounds.
    package mutating func observe(_ metric: Metric, _ value: UInt64, _ labels: [String] = []) {
        guard case .histogram(let buckets) = metric.kind else { return }
        change(metric, labels, from: .histogram(Histogram(buckets))) { $0.record(value, buckets) }
    }

    /// Adds a histogram that was counted elsewhere.
    package mutating func add(_ metric: Metric, _ labels: [String] = [], _ histogram: Histogram) {
        put(metric, labels, .histogram(histogram))
    }

    /// The rows of a family by their labels.
    package func rows(_ metric: Metric) -> [[String]: MetricValue] {
        metric.place < families.count ? families[metric.place]?.rows.byLabels ?? [:] : [:]
    }

    /// The sum of a counter or gauge over all rows whose labels satisfy a condition.
    package func sum(_ metric: Metric, where matches: ([String]) -> Bool = { _ in true }) -> Double {
        rows(metric).reduce(0) { total, row in
            guard matches(row.key) else { return total }
            switch row.value {
            case .count(let count): return total + Double(count)
            case .number(let number): return total + number
            case .histogram: return total
            }
        }
    }

    /// Adds all that another set has.
    package mutating func merge(_ other: MetricSet) {
        for case let family? in other.families {
            for row in family.rows.all { put(family.metric, row.labels, row.value) }
        }
    }

    mutating func put(_ metric: Metric, _ labels: [String], _ value: MetricValue) {
        makeRoom(for: metric)
        families[metric.place]?.rows.add(
            value, to: labels, of: metric.labels.count, most: mostRows)
    }

    /// - Parameter first: what a row begins as.
    private mutating func change(
        _ metric: Metric, _ labels: [String], from first: @autoclosure () -> MetricValue,
        _ change: (inout MetricValue) -> Void
    ) {
        makeRoom(for: metric)
        families[metric.place]?.rows
            .change(labels, of: metric.labels.count, most: mostRows, from: first(), change)
    }

    private mutating func makeRoom(for metric: Metric) {
        while families.count <= metric.place { families.append(nil) }
        if families[metric.place] == nil { families[metric.place] = Family(metric: metric) }
    }
}
