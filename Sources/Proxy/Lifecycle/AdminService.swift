internal import Configuration
internal import Durations
internal import EventLoop
internal import Telemetry

/// The admin listener's side of a process: the listener, collections under way, and the probes of the loops.
final class AdminService: TimerTarget {
    /// Twice a second, and only where somebody may look: an idle process shouldn't be woken for nothing.
    private static let probeInterval = Duration.milliseconds(500)

    let address: SocketAddress
    /// Where its socket can be had for a process that takes over.
    let handOut: ListenerHandOut
    private unowned let server: ProxyServer
    private var listener: AdminListener?
    private static let answerTime = Duration.seconds(3).nanoseconds
    private var gatherings: [UInt64: any AnyGathering] = [:]
    private var nextGathering: UInt64 = 0

    /// Takes the address; nobody is answered before `start`.
    init(
        _ address: Address, permissions: SocketPermissions, inherited: [Int32], server: ProxyServer
    ) throws(SystemError) {
        self.server = server
        handOut = try ListenerHandOut(
            address, facts: ListenerFacts(name: address.description, tls: nil, permissions: permissions),
            workers: 1,
            inherited: inherited)
        self.address = handOut.address
    }

    func start() {
        guard let bound = handOut.take(0) else { return }
        let log = server.logs.log
        let name = handOut.facts.name
        listener = AdminListener(bound, on: server.loop, host: server) {
            log.tell(.acceptFailed(listener: name, $0))
        }
        timerFired(0)
    }

    /// Leaves the address to the process that takes over; who has asked already is answered.
    func retire() { listener?.retire() }

    /// Calls `done` when nobody waits for an answer any more who was there when the address was left.
    func whenAnswered(_ done: @escaping () -> Void) {
        if let listener { listener.whenAnswered(done) } else { done() }
    }

    // MARK: Asking workers

    /// One set a worker, or nil when one of them doesn't answer: half of the counts would look like a restart to whoever
    /// compares them with the last ones.
    func collect(_ done: @escaping ([MetricSet]?) -> Void) {
        ask({ worker, answer in worker.collectMetrics(answer) }, done)
    }

    /// Asks all workers, and gathers what they say; nil when one of them doesn't answer.
    ///
    /// - Parameters:
    ///   - only: the one that is asked; nil = all.
    ///   - question: runs on each worker's thread, and is to call what it is given once.
    func ask<Answer: Sendable>(
        only: Int? = nil,
        _ question: @escaping @Sendable (Worker, @escaping @Sendable (Answer) -> Void) -> Void,
        _ done: @escaping ([Answer]?) -> Void
    ) {
        let id = nextGathering
        nextGathering &+= 1
        let home = server.loop.mailbox
        gatherings[id] = Gathering<Answer>(
            of: only == nil ? server.mailboxes.count : 1, within: Self.answerTime, on: server.loop
        ) { [weak self] answers in
            self?.gatherings[id] = nil
            done(answers)
        }
        server.onWorkers { worker in
            let index = worker.index
            guard only == nil || only == index else { return }
            question(worker) { answer in
                home.post { loop in
                    (loop.owner as? ProxyServer)?.admin?.gatherings[id]?.took(
                        Answered(value: answer), from: index)
                }
            }
        }
    }

    /// The same of one worker; nil where there is none of this number, too.
    func ask<Answer: Sendable>(
        worker index: Int,
        _ question: @escaping @Sendable (Worker, @escaping @Sendable (Answer) -> Void) -> Void,
        _ done: @escaping (Answer?) -> Void
    ) {
        guard server.mailboxes.indices.contains(index) else { return done(nil) }
        ask(only: index, question) { (answers: [Answer]?) in done(answers?.first) }
    }

    func onWorkers(_ work: @escaping @Sendable (Worker) -> Void) { server.onWorkers(work) }

    /// A list of sessions.
    ///
    /// - Parameter elders: processes whose sessions are to be on it, too.
    func list(
        _ filter: SessionFilter, limit: Int, workers: Int, elders: [SessionListStream.AskElder] = []
    ) -> SessionListStream {
        nextGathering &+= 1
        return SessionListStream(
            filter, limit: limit, id: nextGathering, workers: workers, elders: elders, from: self)
    }

    // MARK: Loop lag

    func timerFired(_ kind: UInt8) {
        let sent = EventLoop.clock
        server.onWorkers { worker in
            let now = EventLoop.clock
            worker.metrics.noteLag(now > sent ? now - sent : 0, worker: worker.index)
        }
        _ = server.loop.schedule(self, kind: 0, after: Self.probeInterval)
    }
}
