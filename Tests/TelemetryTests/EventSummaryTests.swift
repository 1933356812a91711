import Testing

@testable import Telemetry

@Suite("Events summed up")
struct EventSummaryTests {
    private static let second: UInt64 = 1_000_000_000
    private typealias Summary = EventSummary<Int>
    private let lost = Summary.Kind(message: "lost", subject: "a")

    private func written(_ due: [Summary.Summary]) -> [[UInt64]] {
        due.map { [UInt64($0.line), $0.count] }.sorted { $0[0] < $1[0] }
    }

    @Test("the first is written, then one a second with a count, and nothing when it is over")
    func flood() {
        var summary = Summary()
        var lines = 0
        for millisecond in 0..<6000 {
            let now = UInt64(millisecond) * 1_000_000
            if summary.came(lost, millisecond, at: now) == .write { lines += 1 }
            if millisecond % 1000 == 999 { lines += summary.due(at: now).count }
        }
        lines += summary.due(at: 7 * Self.second).count
        #expect((6...8).contains(lines))
        #expect(written(summary.due(at: 8 * Self.second)) == [] && summary.kinds == 0)
    }

    @Test("none is lost from the counts, and the last one stands for them")
    func counts() {
        var summary = Summary()
        #expect(summary.came(lost, 0, at: 0) == .write)
        for number in 1...9 { #expect(summary.came(lost, number, at: 5) == .hold) }
        #expect(written(summary.due(at: Self.second - 1)) == [])
        #expect(written(summary.due(at: Self.second)) == [[9, 9]])
        #expect(summary.came(lost, 10, at: Self.second + 1) == .hold)
        #expect(written(summary.due(at: Self.second + 2, isEnd: true)) == [[10, 1]])
    }

    @Test("what waits for its second is not overtaken by what comes after it")
    func order() {
        var summary = Summary()
        #expect(summary.came(lost, 0, at: 0) == .write)
        #expect(summary.came(lost, 1, at: 1) == .hold)
        #expect(summary.came(lost, 2, at: 3 * Self.second) == .hold)
        #expect(written(summary.due(at: 3 * Self.second)) == [[2, 2]])
    }

    @Test("kinds don't hide each other, until there are more of them than are remembered")
    func kinds() {
        var summary = Summary(capacity: 4)
        for number in 0..<4 {
            #expect(summary.came(.init(message: "lost", subject: "\(number)"), number, at: 0) == .write)
        }
        #expect(summary.came(.init(message: "lost", subject: "4"), 4, at: 0) == .write)
        for number in 5..<1000 {
            #expect(summary.came(.init(message: "lost", subject: "\(number)"), number, at: 0) == .hold)
        }
        #expect(summary.came(.init(message: "other", subject: "x"), 0, at: 0) == .write)
        #expect(summary.kinds == 6)
        #expect(written(summary.due(at: Self.second)) == [[999, 995]])
    }

    @Test("of some kinds the first few are written")
    func burst() {
        var summary = Summary()
        let decisions = (0..<5).map { summary.came(lost, $0, at: 0, burst: 3) }
        #expect(decisions == [.write, .write, .write, .hold, .hold])
        #expect(written(summary.due(at: Self.second)) == [[4, 2]])
    }
}
