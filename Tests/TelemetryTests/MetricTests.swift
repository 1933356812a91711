import Telemetry
import Testing

@Suite("Metrics")
struct MetricTests {
    @Test("two of the same name are two: a family is made once")
    func identity() {
        let (a, b) = (Metric.counter("x_total", "X."), Metric.counter("x_total", "X."))
        #expect(a == a && a != b && Set([a, b, a]).count == 2)
    }

    @Test("each kind keeps what it was made with")
    func kinds() {
        let counter = Metric.counter("a_total", "A.", labels: ["route", "peer"])
        #expect(counter.name == "a_total" && counter.help == "A." && counter.labels == ["route", "peer"])
        guard case .counter = counter.kind, case .gauge = Metric.gauge("b", "B.").kind else {
            Issue.record("another kind")
            return
        }
    }
}
