internal import Durations
internal import EventLoop
internal import HTTPProtocol

/// Orders that processes that linger were given, and have not answered yet.
struct FamilyAskings {
    /// More are not under way at once.
    static let most = 64

    fileprivate var all: [UInt64: FamilyAsking] = [:]
}

/// One order, until all who were given it have answered, or the time is over.
private final class FamilyAsking: TimerTarget {
    private let loop: EventLoop
    /// In their order, the oldest first.
    private let asked: [Int]
    private var left: Set<Int>
    private var answers: [Int: FamilyAnswer] = [:]
    private var timer: TimerToken?
    private var done: (([FamilyAnswer], _ silent: [Int]) -> Void)?

    /// - Parameter processes: that are given it.
    init(
        _ processes: [Int], within time: UInt64, on loop: EventLoop,
        done: @escaping ([FamilyAnswer], _ silent: [Int]) -> Void
    ) {
        self.loop = loop
        asked = processes
        left = Set(processes)
        self.done = done
        timer = loop.schedule(self, kind: 0, after: time)
    }

    func took(_ answer: FamilyAnswer) {
        guard left.remove(answer.process) != nil else { return }
        answers[answer.process] = answer
        if left.isEmpty { finish() }
    }

    /// It takes nothing.
    func isDeaf(_ process: Int) {
        if left.remove(process) != nil, left.isEmpty { finish() }
    }

    func timerFired(_ kind: UInt8) {
        timer = nil
        finish()
    }

    private func finish() {
        loop.cancel(timer)
        let done = done.take()
        done?(asked.compactMap { answers[$0] }, asked.filter { answers[$0] == nil })
    }
}

// Sessions that go on in processes before this one: operators reach them by the one that accepts.
extension ProxyServer {
    /// How long a process that lingers may take; one of its workers may take less.
    private static let elderTime = Duration.seconds(4).nanoseconds

    /// Gives an order to processes that linger; `done` comes once, with who did not answer in time.
    ///
    /// - Parameter limit: sessions that are wanted, where it asks for a list.
    func order(
        _ request: AdminRequest, of elders: [ProcessFamily.Elder], limit: Int = 0,
        _ done: @escaping ([FamilyAnswer], _ silent: [Int]) -> Void
    ) {
        let processes = elders.map(\.line.peerProcess)
        guard !elders.isEmpty, askings.all.count < FamilyAskings.most else { return done([], processes) }
        var random = KernelRandom()
        let order = FamilyOrder(
            request, id: FamilyOrder.id(of: Self.processNumber, random.next()),
            processes: state.family.elders.count + 1, limit: limit)
        askings.all[order.id] = FamilyAsking(processes, within: Self.elderTime, on: loop) {
            [unowned self] answers, silent in
            askings.all[order.id] = nil
            done(answers, silent)
        }
        for elder in elders
        where !elder.line.send(nil, at: loop.now, capacity: order.capacity, order.write) {
            askings.all[order.id]?.isDeaf(elder.line.peerProcess)
        }
    }

    /// Whoever asks may have handed over meanwhile, and is here among those before us: it has the answer all the same.
    func took(_ answer: FamilyAnswer) {
        if let asking = askings.all[answer.id] { return asking.took(answer) }
        guard answer.asker != Self.processNumber else { return }
        let asker = state.family.elders.first { $0.line.peerProcess == answer.asker }
        _ = asker?.line.send(nil, at: loop.now, capacity: answer.capacity, answer.write)
    }

    // MARK: Carrying out

    /// Does what the process that accepts has been told to order.
    func obey(_ order: FamilyOrder) {
        do throws(AdminRefusal) {
            let rules = AdminRules(isOnNetwork: false)
            let call = try AdminCall.judge(order.request, by: rules, now: ProcessFacts.wallClock())
            if case .sessions(.list(let filter, _)) = call { return list(filter, for: order) }
            guard call.reachesElders else { return }
            answerHere(call.shared(by: order.processes)) { [weak self] response in
                self?.reply(FamilyAnswer(id: order.id, process: Self.processNumber, response))
            }
        } catch {
            reply(FamilyAnswer(id: order.id, process: Self.processNumber, error.response))
        }
    }

    private static var processNumber: Int { Int(ProcessFacts.processNumber) }

    private func list(_ filter: SessionFilter, for order: FamilyOrder) {
        guard let admin else { return }
        let stream = admin.list(filter, limit: order.limit, workers: mailboxes.count)
        gather(ElderList(), from: stream, order)
    }

    private func gather(_ list: ElderList, from stream: SessionListStream, _ order: FamilyOrder) {
        stream.nextOwn { [weak self] piece in
            guard let self, let piece else { return }
            switch list.took(piece) {
            case .goesOn: return gather(list, from: stream, order)
            case .isFull: stream.cancel()
            case .isDone: break
            }
            reply(
                FamilyAnswer(
                    id: order.id, process: Self.processNumber,
                    counts: [
                        AdminCount(name: "sessions", value: stream.given),
                        AdminCount(name: "more", value: list.isCut ? 1 : 0),
                    ], body: list.text))
        }
    }

    private func reply(_ answer: FamilyAnswer) {
        _ = lines.backLine?.send(nil, at: loop.now, capacity: answer.capacity, answer.write)
    }
}
