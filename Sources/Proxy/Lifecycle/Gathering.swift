internal import EventLoop

/// Answers of workers on their way to the main loop: a `Gathering`, whatever it gathers.
protocol AnyGathering: AnyObject {
    /// A worker's answer.
    func took(_ answer: any Sendable, from worker: Int)
}

/// One answer, which may be that there is nothing.
struct Answered<Answer: Sendable>: Sendable {
    let value: Answer
}

/// Answers of all workers that were asked, or of none: gives up on one that doesn't answer.
final class Gathering<Answer: Sendable>: AnyGathering, TimerTarget {
    private let loop: EventLoop
    private let wanted: Int
    private var answers: [Int: Answer] = [:]
    private var timer: TimerToken?
    private var done: (([Answer]?) -> Void)?

    /// - Parameters:
    ///   - wanted: how many workers answer.
    ///   - time: nanoseconds.
    ///   - done: is given their answers, by the workers' numbers; nil when they did not come in time.
    init(
        of wanted: Int, within time: UInt64, on loop: EventLoop, done: @escaping ([Answer]?) -> Void
    ) {
        self.loop = loop
        self.wanted = wanted
        self.done = done
        timer = loop.schedule(self, kind: 0, after: time)
    }

    func took(_ answer: any Sendable, from worker: Int) {
        guard let answer = answer as? Answered<Answer> else { return }
        answers[worker] = answer.value
        if answers.count == wanted { finish(answers.sorted { $0.key < $1.key }.map(\.value)) }
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        finish(nil)
    }

    private func finish(_ result: [Answer]?) {
        loop.cancel(timer)
        let done = self.done
        self.done = nil
        done?(result)
    }
}
