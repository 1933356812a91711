internal import Access
package import Configuration
internal import EventLoop
internal import TLS
internal import Telemetry

/// The running process: workers on threads of their own, signals on this one.
///
/// SIGTERM and SIGINT drain and then end the process with 0; a second one ends it at once; SIGHUP reloads and opens the
/// access log anew, SIGUSR1 does only the latter; SIGUSR2 hands over to a new process. All of it happens on the main loop, and reaches the workers through their mailboxes.
package final class ProxyServer: TimerTarget {
    enum Timer: UInt8 {
        case drainDeadline, handOverDeadline, tickets, everySecond, lingerEnd, resumableEnd
    }

    let file: String
    let logs: Logs
    let loop: EventLoop
    let environment: [String: String]
    let state = ProcessState()
    /// What runs now.
    var current: Startup
    /// What the process began with: a part of it stays for as long as it lives.
    let began: ProxyConfiguration
    /// The listeners that are open now.
    var listeners: [ListenerHandOut] = []
    var mailboxes: [Mailbox] = []
    private var signals: SignalSource?
    /// What `/metrics` shows where there is more than it may.
    var shownSeries = ShownSeries()
    private lazy var certificateLook = DailyLook(at: loop.now)
    private var ticketTimer: TimerToken?
    /// How far it is on the way to its end.
    var ending = ProcessEnd()
    private var earlySignals = EarlySignals()
    var handOver: HandOver?
    var lines = FamilyLines()
    var askings = FamilyAskings()
    let board = CertificateBoard()
    /// The answers to orders about certificates.
    var orders = OwedAnswers()
    /// The thread that gets certificates, once there is one.
    var keeper: Mailbox?
    var watcher: FileWatcher?
    /// Those who may not come in although their token or password is good; workers have copies.
    var revocations = RevocationList()
    private(set) var admin: AdminService?
    /// All workers run and the listeners are open.
    private(set) var isServing = false
    /// 1 for the first configuration.
    var generationNumber = 1
    /// Seconds since 1970.
    let startedAt = ProcessFacts.wallClock()

    /// Prepares everything that can fail; `run` then can't.
    package init(_ startup: Startup, file: String) throws(Diagnostics) {
        Machine.prepareProcess()
        Machine.endOnFaults(asJSON: startup.configuration.log.isJSON)
        self.file = file
        current = startup
        began = startup.configuration
        environment = Machine.environment
        logs = try Logs(startup.configuration.log, file: file)
        do throws(SystemError) {
            loop = try EventLoop()
        } catch {
            throw Diagnostics([
                Diagnostic(file: file, place: Place(line: 1, column: 1), text: "cannot start: \(error)")
            ])
        }
    }

    /// Runs until the process ends. Throws when an address can't be had or a thread can't be made.
    package func run(announce: (([String]) -> Void)? = nil) throws(Diagnostics) -> Never {
        let count = current.configuration.workers ?? Machine.usableProcessors
        let inherited = InheritedSockets(environment)
        listeners = try current.bind(workers: count, inherited: inherited)
        admin = try current.bindAdmin(inherited: inherited, server: self)
        loop.owner = self
        do throws(SystemError) {
            signals = try SignalSource([.terminate, .interrupt, .hangUp, .userOne, .userTwo], on: loop) {
                [unowned self] in received($0)
            }
            try startWorkers(count, inherited)
        } catch {
            throw Diagnostics([
                Diagnostic(file: file, place: Place(line: 1, column: 1), text: "cannot start: \(error)")
            ])
        }
        everySecond()
        while mailboxes.count < count { loop.turn() }
        started(inherited, announce)
        loop.run()
        end(0, cause: "loop ended")
    }

    private func startWorkers(_ count: Int, _ inherited: InheritedSockets) throws(SystemError) {
        let resolver = Resolver()
        let generation = current.generation(in: state)
        takeRevocations()
        takeState(inherited)
        let log = logs.sinks
        let home = loop.mailbox
        let listeners = listeners
        let state = state
        let revocations = revocations
        for index in 0..<count {
            try WorkerThread {
                WorkerMain.run(
                    index, generation, resolver, log, listeners, state, revocations, home: home)
            }.detach()
        }
    }

    /// Fewer workers than sockets would leave connections unanswered: the process ends.
    fileprivate func workerFailed(_ worker: Int, _ cause: String) -> Never {
        logs.log.tell(.workerFailed(worker, cause))
        end(1, cause: "worker cannot start")
    }

    fileprivate func workerStarted(_ mailbox: Mailbox) { mailboxes.append(mailbox) }

    private func started(_ inherited: InheritedSockets, _ announce: (([String]) -> Void)?) {
        var wanted = current.configuration.listeners.map(\.address.value)
        if let admin = current.configuration.admin { wanted.append(admin.address.value) }
        for address in inherited.unclaimed(by: wanted) {
            logs.log.tell(
                .warned(
                    "the socket \(address) that was passed to this process is asked for by no listener"))
        }
        inherited.closeUnclaimed(by: wanted)
        let addresses = listeners.map(\.address.description)
        logs.log.tell(.started(listeners: addresses, workers: mailboxes.count))
        isServing = true
        openLines()
        admin?.start()
        announce?(addresses)
        rotateTickets()
        keepCertificates()
        watchFiles()
        notify(["READY=1"])
        if let pipe = inherited.predecessor { Predecessor.tellReady(pipe) }
        for signal in earlySignals.serves() { act(on: signal) }
    }

    /// Changes ticket keys on the process's own clock.
    func rotateTickets() {
        loop.cancel(ticketTimer)
        // They have been handed over: what is sealed with another one could be opened by nobody.
        guard !ending.isUnderWay else { return }
        guard handOver == nil else {
            ticketTimer = loop.schedule(self, kind: Timer.tickets.rawValue, after: 1_000_000_000)
            return
        }
        ticketTimer = current.tickets.rotate(at: loop.now).map { due in
            loop.schedule(
                self, kind: Timer.tickets.rawValue, after: due > loop.now ? due - loop.now : 1_000_000)
        }
    }

    /// Tells the service manager, where there is one.
    func notify(_ assignments: [String]) {
        ServiceManager.notify(assignments, socket: environment["NOTIFY_SOCKET"])
    }

    /// Runs `work` on every worker's own thread.
    func onWorkers(_ work: @escaping @Sendable (Worker) -> Void) {
        for mailbox in mailboxes {
            mailbox.post { loop in
                if let worker = loop.owner as? Worker { work(worker) }
            }
        }
    }

    private func received(_ signal: ProcessSignal) {
        switch earlySignals.received(signal) {
        case .act: act(on: signal)
        case .end: end(0, cause: "ended before it served")
        case .wait: break
        }
    }

    private func act(on signal: ProcessSignal) {
        switch signal {
        case .hangUp:
            logs.reopen()
            _ = reload()
        case .terminate: endOrdered(by: "SIGTERM", insists: !ending.hasSuccessor)
        case .interrupt: endOrdered(by: "SIGINT", insists: true)
        case .userTwo: startHandOver()
        case .userOne: logs.reopen()
        }
    }

    /// A deadline of a drain or a hand-over, or the time to change ticket keys.
    package func timerFired(_ kind: UInt8) {
        switch Timer(rawValue: kind) {
        case .drainDeadline: end(0, cause: "drain deadline")
        case .handOverDeadline: handOverTookTooLong()
        case .tickets: rotateTickets()
        case .lingerEnd: lingerEnded()
        case .resumableEnd: resumableEnded()
        case .everySecond: everySecond()
        case nil: break
        }
    }

    private func everySecond() {
        logs.writeSummaries()
        watcher?.secondPassed()
        if lines.owesElders { tellElders() }
        if certificateLook.isDue(at: loop.now) { lookAtCertificates() }
        _ = loop.schedule(self, kind: Timer.everySecond.rawValue, after: 1_000_000_000)
    }

    func end(_ status: Int32, cause: String) -> Never {
        logs.writeSummaries(isEnd: true)
        logs.log.tell(.stopped(cause: cause))
        logs.flush()
        Machine.exit(status)
    }
}

/// What a worker's thread does.
private enum WorkerMain {
    static func run(
        _ index: Int, _ generation: Generation, _ resolver: Resolver, _ log: LogSinks,
        _ listeners: [ListenerHandOut], _ state: ProcessState, _ revocations: RevocationList,
        home: Mailbox
    ) {
        do {
            let loop = try EventLoop(state.memory, sockets: state.sockets)
            let worker = try Worker(
                index: index, generation: generation, resolver: resolver, log: log, loop: loop)
            worker.revocations = revocations
            for handOut in listeners { worker.listen(from: handOut) }
            let mailbox = loop.mailbox
            state.workers.enter(index, mailbox)
            home.post { loop in (loop.owner as? ProxyServer)?.workerStarted(mailbox) }
            loop.run()
        } catch {
            let cause = "\(error)"
            home.post { loop in (loop.owner as? ProxyServer)?.workerFailed(index, cause) }
        }
    }
}
