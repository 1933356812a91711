import Telemetry
import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("What a worker counts")
struct WorkerMetricsTests {
    /// A session of this route and backend, which may go on.
    private func count(_ metrics: WorkerMetrics, _ route: String, _ backend: String, isOver: Bool = true) {
        let meter = metrics.meter(route: route, backend: backend)
        meter.begin()
        if isOver { meter.end() }
    }

    @Test("backends that come and go leave one row a route, and their sums")
    func folds() {
        let metrics = WorkerMetrics()
        count(metrics, "a", "live", isOver: false)
        let number = 3 * WorkerMetrics.mostRows
        for index in 0..<number { count(metrics, index % 2 == 0 ? "a" : "b", "10.0.\(index)") }
        let all = metrics.snapshot
        let rows = all.rows(.sessionsBegun)
        #expect(rows.count <= WorkerMetrics.mostRows)
        #expect(all.sum(.sessionsBegun) == Double(number + 1))
        #expect(all.sum(.sessionsBegun) { $0[0] == "b" } == Double(number / 2))
        // Who is there keeps his own, and so does who came last.
        #expect(all.sum(.sessions) { $0 == ["a", "live"] } == 1)
        #expect(rows[["b", "10.0.\(number - 1)"]] != nil)
        #expect(rows[["a", "other"]] != nil && rows[["b", "other"]] != nil)
    }

    @Test("none of those that are in use is lost, and all are not looked at for each that comes")
    func inUse() {
        let metrics = WorkerMetrics()
        let number = 2 * WorkerMetrics.mostRows + 10
        for index in 0..<number { count(metrics, "a", "10.0.\(index)", isOver: false) }
        let all = metrics.snapshot
        #expect(all.sum(.sessions) == Double(number) && all.sum(.sessionsBegun) == Double(number))
        #expect(all.rows(.sessions).count == number)
    }

    @Test("one whose owner has let it go, and that counts nothing, is another's no longer")
    func held() {
        let metrics = WorkerMetrics()
        let meter = metrics.meter(route: "a", backend: "held")
        meter.hold()
        for index in 0..<2 * WorkerMetrics.mostRows { count(metrics, "a", "10.0.\(index)") }
        #expect(metrics.meter(route: "a", backend: "held") === meter)
        meter.release()
        for index in 0..<2 * WorkerMetrics.mostRows { count(metrics, "a", "10.1.\(index)") }
        #expect(metrics.meter(route: "a", backend: "held") !== meter)
    }

    @Test("messages that are counted by the run fall where each of them would")
    func runs() {
        let sizes = [0, 1, 16, 17, 17, 32, 33, 125, 126, 127, 128, 129, 300, 5, 65_535, 64, 65]
        let (runs, each) = (MessageSizes(), MessageSizes())
        var input: [UInt8] = []
        for size in sizes {
            input.append(0x82)
            if size < 126 {
                input.append(UInt8(size))
            } else {
                input += [126, UInt8(size >> 8), UInt8(size & 255)]
            }
            input += [UInt8](repeating: 0, count: size)
            each.record(UInt64(size))
        }
        let limits = FrameLimits(frame: 100_000, message: 100_000)
        var reader = FrameReader(fromClient: false, limits: limits, allowsCompression: false)
        var position = 0
        while position < input.count {
            let run = reader.wholeMessages(input.span, from: position)
            guard run.count > 0 else { break }
            runs.record(run)
            position = run.end
        }
        #expect(position == input.count && runs.counts.histogram == each.counts.histogram)
    }
}
