/// The rows of one family. The few that came first are found by looking at them, which costs less than a hash of their
/// labels; where there are more, the others are found by that.
struct MetricRows: Sendable {
    struct Row: Sendable {
        let labels: [String]
        var value: MetricValue
    }

    private static let lookedAt = 4
    private(set) var all: [Row] = []
    private var places: [[String]: Int] = [:]

    /// A copy, by labels.
    var byLabels: [[String]: MetricValue] {
        all.reduce(into: [:]) { rows, row in rows[row.labels] = row.value }
    }

    /// Adds to a row, which begins with this where there is none.
    mutating func add(_ value: MetricValue, to labels: [String], of count: Int, most: Int) {
        if let place = find(labels, of: count, most: most) {
            all[place].value.add(value)
        } else {
            append(labels, of: count, most: most, value)
        }
    }

    /// Changes a row.
    ///
    /// - Parameter first: what it begins as where there is none.
    mutating func change(
        _ labels: [String], of count: Int, most: Int, from first: @autoclosure () -> MetricValue,
        _ change: (inout MetricValue) -> Void
    ) {
        let place = find(labels, of: count, most: most) ?? append(labels, of: count, most: most, first())
        change(&all[place].value)
    }

    /// The row of these labels, or the one for all others where there may be no more.
    private func find(_ labels: [String], of count: Int, most: Int) -> Int? {
        if labels.count < count { return find(Self.filled(labels, count), of: count, most: most) }
        if let place = find(labels) { return place }
        return all.count >= most ? find(Self.others(count)) : nil
    }

    private func find(_ labels: [String]) -> Int? {
        for place in 0..<min(Self.lookedAt, all.count) where all[place].labels == labels { return place }
        return all.count > Self.lookedAt ? places[labels] : nil
    }

    @discardableResult
    private mutating func append(_ labels: [String], of count: Int, most: Int, _ value: MetricValue) -> Int {
        let labels = all.count >= most ? Self.others(count) : Self.filled(labels, count)
        places[labels] = all.count
        all.append(Row(labels: labels, value: value))
        return all.count - 1
    }

    private static func filled(_ labels: [String], _ count: Int) -> [String] {
        labels.count < count ? labels + [String](repeating: "", count: count - labels.count) : labels
    }

    private static func others(_ count: Int) -> [String] { [String](repeating: "other", count: count) }
}
