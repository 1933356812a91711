internal import Durations
internal import EventLoop

/// A message of an operator's into sessions of one worker. It stands between two messages of the session: where one is
/// under way, or the client is behind, it waits for a while.
final class Announcement: TimerTarget {
    struct Outcome: Sendable {
        /// Sessions that were meant.
        var sessions = 0
        /// Those that have it already; the others get it within `patience`, or not at all.
        var sent = 0
    }

    private struct Waiting {
        weak var session: LiveSession?
    }

    private static let pause = Duration.milliseconds(20)
    private static let patience = Duration.seconds(10).nanoseconds

    private let message: SessionMessage
    private unowned let worker: Worker
    private let end: UInt64
    private var waiting: [Waiting] = []

    init(_ message: SessionMessage, on worker: Worker) {
        self.message = message
        self.worker = worker
        end = worker.loop.now &+ Self.patience
    }

    /// Sends it to those who are meant.
    func begin(_ filter: SessionFilter) -> Outcome {
        var outcome = Outcome()
        for session in worker.sessions where !session.isEnding && filter.matches(session.traits) {
            outcome.sessions += 1
            if send(session) { outcome.sent += 1 } else { waiting.append(Waiting(session: session)) }
        }
        guard !waiting.isEmpty else { return outcome }
        guard worker.sessionDesk.hasRoom else {
            miss()
            return outcome
        }
        worker.sessionDesk.keep(self)
        _ = worker.loop.schedule(self, kind: 0, after: Self.pause)
        return outcome
    }

    private func send(_ session: LiveSession) -> Bool {
        guard session.say(message.payload, isText: message.isText) else { return false }
        worker.metrics.add(.orderedMessages, ["sent"])
        return true
    }

    private func miss() {
        worker.metrics.add(.orderedMessages, ["missed"], by: UInt64(waiting.count))
        waiting = []
    }

    func timerFired(_ kind: UInt8) {
        let now = waiting
        waiting = []
        for one in now {
            guard let session = one.session, session.position >= 0, !session.isEnding else {
                worker.metrics.add(.orderedMessages, ["missed"])
                continue
            }
            if !send(session) { waiting.append(one) }
        }
        if worker.loop.now >= end { miss() }
        guard waiting.isEmpty else {
            _ = worker.loop.schedule(self, kind: 0, after: Self.pause)
            return
        }
        worker.sessionDesk.drop(self)
    }
}
