import Telemetry
import Testing

@Suite("Values of metrics")
struct MetricSetTests {
    static let asked = Metric.counter("asked_total", "Asked.", labels: ["who"])
    static let level = Metric.gauge("level", "Level.")
    static let wait = Metric.histogram("wait_seconds", "Wait.", .latency)

    @Test("a counter has a row for each combination of labels")
    func rows() {
        var set = MetricSet()
        set.add(Self.asked, ["a"])
        set.add(Self.asked, ["a"], by: 2)
        set.add(Self.asked, ["b"])
        #expect(set.rows(Self.asked) == [["a"]: .count(3), ["b"]: .count(1)])
        #expect(set.sum(Self.asked) == 4)
        #expect(set.sum(Self.asked) { $0 == ["a"] } == 3)
    }

    @Test("a gauge holds what was set last")
    func gauge() {
        var set = MetricSet()
        set.set(Self.level, to: 3)
        set.set(Self.level, to: 2)
        #expect(set.sum(Self.level) == 2)
    }

    @Test("merging adds, histograms bucket by bucket")
    func merging() {
        var one = MetricSet()
        var two = MetricSet()
        one.add(Self.asked, ["a"])
        two.add(Self.asked, ["a"])
        two.add(Self.level, number: 1.5)
        one.observe(Self.wait, 1_000_000)
        two.observe(Self.wait, 1_000_001)
        one.merge(two)
        #expect(one.sum(Self.asked) == 2)
        #expect(one.sum(Self.level) == 1.5)
        guard case .histogram(let histogram)? = one.rows(Self.wait)[[]] else {
            Issue.record("no histogram")
            return
        }
        #expect(histogram.counts.reduce(0, +) == 2)
        #expect(histogram.sum == 2_000_001)
    }

    @Test("a family stops growing, and the rest goes to one row")
    func bounded() {
        var set = MetricSet(mostRows: 4096)
        for number in 0..<5_000 { set.add(Self.asked, ["\(number)"]) }
        #expect(set.rows(Self.asked).count == 4_097)
        #expect(set.rows(Self.asked)[["other"]] == .count(904))
        set.add(Self.asked, ["17"])
        #expect(set.rows(Self.asked)[["17"]] == .count(2))
    }

    @Test("labels that were left out are empty")
    func missingLabels() {
        var set = MetricSet()
        set.add(Self.asked)
        #expect(set.rows(Self.asked) == [[""]: .count(1)])
    }
}
