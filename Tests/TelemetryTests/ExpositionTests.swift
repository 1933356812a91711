import Telemetry
import Testing

@Suite("The text for Prometheus")
struct ExpositionTests {
    @Test("families are sorted, named and escaped; rows too")
    func text() {
        let b = Metric.counter("b_total", "Says \\ and\nmore.", labels: ["x", "y"])
        let a = Metric.gauge("a", "One.")
        var set = MetricSet()
        set.add(b, ["q\"uote", "back\\slash\n"])
        set.add(b, ["plain", ""], by: 7)
        set.set(a, to: 0.5)
        #expect(
            Exposition.text(set, catalogue: [b, a]) == """
                # HELP a One.
                # TYPE a gauge
                a 0.5
                # HELP b_total Says \\\\ and\\nmore.
                # TYPE b_total counter
                b_total{x="plain",y=""} 7
                b_total{x="q\\"uote",y="back\\\\slash\\n"} 1

                """)
    }

    @Test("a histogram is cumulative and in base units")
    func histogram() {
        let wait = Metric.histogram(
            "wait_seconds", "Wait.", HistogramBuckets([1_000_000, 2_000_000_000], divisor: 1e9), labels: ["w"]
        )
        var set = MetricSet()
        for value: UInt64 in [1, 1_000_000, 500_000_000, 3_000_000_000] { set.observe(wait, value, ["1"]) }
        #expect(
            Exposition.text(set, catalogue: [wait]) == """
                # HELP wait_seconds Wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{w="1",le="0.001"} 2
                wait_seconds_bucket{w="1",le="2"} 3
                wait_seconds_bucket{w="1",le="+Inf"} 4
                wait_seconds_sum{w="1"} 3.501000001
                wait_seconds_count{w="1"} 4

                """)
    }

    @Test("what has no labels is there before it happens; what has them is only named")
    func nothingYet() {
        let bare = Metric.counter("bare_total", "Bare.")
        let labelled = Metric.counter("labelled_total", "Labelled.", labels: ["x"])
        let page = Exposition.text(MetricSet(), catalogue: [bare, labelled])
        #expect(page.contains("\nbare_total 0\n"))
        #expect(page.contains("# TYPE labelled_total counter\n"))
        #expect(!page.contains("\nlabelled_total"))
    }
}
