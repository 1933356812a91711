internal import EventLoop
internal import Telemetry

/// Copies of what all workers have counted, on their way to the main loop. Gives up on a worker that doesn't answer:
/// half of the counts would look like a restart to whoever compares them with the last ones.
final class MetricsCollection: TimerTarget {
    private static let time: UInt64 = 3_000_000_000

    private let loop: EventLoop
    private var sets: [Int: MetricSet] = [:]
    private let workers: Int
    private var timer: TimerToken?
    private var done: (([MetricSet]?) -> Void)?

    /// - Parameter done: is given one set a worker, by their numbers; nil when they did not come in time.
    init(of workers: Int, on loop: EventLoop, done: @escaping ([MetricSet]?) -> Void) {
        self.loop = loop
        self.workers = workers
        self.done = done
        timer = loop.schedule(self, kind: 0, after: Self.time)
    }

    func took(_ set: MetricSet, from worker: Int) {
        sets[worker] = set
        if sets.count == workers { finish((0..<workers).map { sets[$0] ?? MetricSet() }) }
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        finish(nil)
    }

    private func finish(_ result: [MetricSet]?) {
        loop.cancel(timer)
        let done = self.done
        self.done = nil
        done?(result)
    }
}
