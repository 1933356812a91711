internal import ASCII

/// The text that Prometheus scrapes, format 0.0.4.
package enum Exposition {
    /// For `Content-Type`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All families of `catalogue` with what `values` has of them, those without any row included.
    package static func text(_ values: MetricSet, catalogue: [Metric]) -> String {
        var page = ""
        for metric in catalogue.sorted(by: { $0.name < $1.name }) {
            page += "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n"
            page += "# TYPE \(metric.name) \(metric.kind.word)\n"
            for (labels, value) in rows(values, metric) { append(value, metric, labels, to: &page) }
        }
        return page
    }

    /// A counter without labels is there from the beginning, so that its first increase is seen.
    private static func rows(_ values: MetricSet, _ metric: Metric) -> [([String], MetricValue)] {
        let rows = values.rows(metric).sorted { $0.key.lexicographicallyPrecedes($1.key) }
        guard rows.isEmpty, metric.labels.isEmpty else { return rows.map { ($0.key, $0.value) } }
        switch metric.kind {
        case .counter, .gauge: return [([], .count(0))]
        case .histogram(let buckets): return [([], .histogram(Histogram(buckets)))]
        }
    }

    private static func append(
        _ value: MetricValue, _ metric: Metric, _ labels: [String], to page: inout String
    ) {
        let pairs = zip(metric.labels, labels).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
        switch (value, metric.kind) {
        case (.count(let count), _): line(metric.name, pairs, "\(count)", to: &page)
        case (.number(let number), _): line(metric.name, pairs, self.number(number), to: &page)
        case (.histogram(let histogram), .histogram(let buckets)):
            append(histogram, buckets, metric.name, pairs, to: &page)
        case (.histogram, _): break
        }
    }

    private static func append(
        _ histogram: Histogram, _ buckets: HistogramBuckets, _ name: String, _ pairs: [String],
        to page: inout String
    ) {
        var total: UInt64 = 0
        for (place, count) in histogram.counts.enumerated() {
            total &+= count
            let bound =
                place < buckets.bounds.count
                ? number(Double(buckets.bounds[place]) / buckets.divisor) : "+Inf"
            line("\(name)_bucket", pairs + ["le=\"\(bound)\""], "\(total)", to: &page)
        }
        line("\(name)_sum", pairs, number(Double(histogram.sum) / buckets.divisor), to: &page)
        line("\(name)_count", pairs, "\(total)", to: &page)
    }

    private static func line(_ name: String, _ pairs: [String], _ value: String, to page: inout String) {
        page += name
        if !pairs.isEmpty { page += "{\(pairs.joined(separator: ","))}" }
        page += " \(value)\n"
    }

    /// Whole numbers without a fraction: `le="64"` reads better than `le="64.0"`.
    private static func number(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "NaN" : number > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: number), abs(whole) < 1 << 53 { return "\(whole)" }
        return "\(number)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == .backslash || $0 == .lineFeed || $0 == .quote }) else {
            return text
        }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension Metric.Kind {
    fileprivate var word: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}
