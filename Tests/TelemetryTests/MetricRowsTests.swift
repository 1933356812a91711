import Testing

@testable import Telemetry

@Suite("Rows of a metric")
struct MetricRowsTests {
    private func count(_ rows: MetricRows, _ labels: [String]) -> UInt64? {
        guard case .count(let count) = rows.byLabels[labels] else { return nil }
        return count
    }

    @Test("are found whether few or many", arguments: [1, 4, 5, 100])
    func found(number: Int) {
        var rows = MetricRows()
        for _ in 0..<3 {
            for row in 0..<number { rows.add(.count(UInt64(row)), to: ["\(row)", "x"], of: 2, most: .max) }
        }
        #expect(rows.all.count == number)
        for row in 0..<number { #expect(count(rows, ["\(row)", "x"]) == UInt64(3 * row)) }
    }

    @Test("labels that are left out are empty")
    func filled() {
        var rows = MetricRows()
        rows.add(.count(1), to: ["a"], of: 2, most: .max)
        rows.add(.count(1), to: ["a", ""], of: 2, most: .max)
        #expect(rows.all.count == 1 && count(rows, ["a", ""]) == 2)
    }

    @Test("what is over the number goes to one row, and known rows go on", arguments: [1, 3, 6])
    func bounded(most: Int) {
        var rows = MetricRows()
        for _ in 0..<2 {
            for row in 0..<10 { rows.add(.count(1), to: ["\(row)"], of: 1, most: most) }
        }
        #expect(rows.all.count == most + 1)
        #expect(count(rows, ["0"]) == 2)
        #expect(count(rows, ["other"]) == UInt64(2 * (10 - most)))
    }

    @Test("a row that is changed begins as it is told to")
    func changed() {
        var rows = MetricRows()
        for _ in 0..<2 {
            rows.change(["a"], of: 1, most: .max, from: .count(5)) { $0.add(.count(1)) }
        }
        #expect(count(rows, ["a"]) == 7)
    }
}
