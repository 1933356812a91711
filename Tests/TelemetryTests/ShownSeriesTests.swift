import Testing

@testable import Telemetry

@Suite("The series that are shown")
struct ShownSeriesTests {
    private let metric = Metric.counter("m_total", "", labels: ["backend"])

    private func set(_ rows: [String: UInt64]) -> MetricSet {
        var set = MetricSet(mostRows: .max)
        for (name, count) in rows { set.add(metric, [name], by: count) }
        return set
    }

    private func labels(_ set: MetricSet) -> [String] { set.rows(metric).keys.compactMap(\.first).sorted() }

    @Test("all of them where there is room")
    func room() {
        var series = ShownSeries()
        let (shown, leftOut) = series.choose(from: set(["a": 1, "b": 0]), most: 2)
        #expect(labels(shown) == ["a", "b"] && leftOut.isEmpty)
    }

    @Test("what was shown stays, whatever comes; what is over is summed up and counted")
    func stable() {
        var series = ShownSeries()
        _ = series.choose(from: set(["m": 1, "n": 2]), most: 2)
        for _ in 0..<20 {
            let (shown, leftOut) = series.choose(from: set(["a": 5, "m": 1, "n": 2, "z": 7]), most: 2)
            #expect(labels(shown) == ["m", "n", "other"])
            #expect(shown.rows(metric)[["other"]] == .count(12))
            #expect(leftOut.map(\.rows) == [2])
        }
        let (shown, _) = series.choose(from: set(["a": 5, "n": 2, "z": 7]), most: 2)
        #expect(labels(shown) == ["a", "n", "other"])
    }

    @Test("rows that say nothing take no room from those that do")
    func zeros() {
        var series = ShownSeries()
        let (shown, _) = series.choose(from: set(["a": 0, "b": 0, "y": 1, "z": 2]), most: 2)
        #expect(labels(shown) == ["other", "y", "z"])
    }
}
