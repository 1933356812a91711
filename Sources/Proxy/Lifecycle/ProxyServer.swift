package import Configuration
internal import EventLoop
internal import Synchronization
internal import TLS

/// The running process: workers on threads of their own, signals on this one.
///
/// SIGTERM and SIGINT drain and then end the process with 0; a second one ends it at once; SIGHUP reloads.
package final class ProxyServer: TimerTarget {
    private let file: String
    private let startup: Startup
    private let logs: Logs
    private let loop: EventLoop
    private var signals: SignalSource?
    private var mailboxes: [Mailbox] = []
    private var draining = 0
    private var isDraining = false

    /// Prepares everything that can fail; `run` then can't.
    package init(_ startup: Startup, file: String) throws(Diagnostics) {
        Machine.prepareProcess()
        self.file = file
        self.startup = startup
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
        let count = startup.configuration.workers ?? Machine.usableProcessors
        let handOuts = try startup.bind(workers: count)
        loop.owner = self
        do throws(SystemError) {
            signals = try SignalSource([.terminate, .interrupt, .hangUp], on: loop) { [unowned self] in
                received($0)
            }
            try startWorkers(count, handOuts)
        } catch {
            throw Diagnostics([
                Diagnostic(file: file, place: Place(line: 1, column: 1), text: "cannot start: \(error)")
            ])
        }
        while mailboxes.count < count { loop.turn() }
        let addresses = handOuts.map(\.address.description)
        logs.log.started(listeners: addresses, workers: count)
        announce?(addresses)
        loop.run()
        end(0, cause: "loop ended")
    }

    private func startWorkers(_ count: Int, _ handOuts: [ListenerHandOut]) throws(SystemError) {
        let resolver = Resolver()
        let generation = startup.generation
        let log = logs.log
        let home = loop.mailbox
        for index in 0..<count {
            try WorkerThread {
                WorkerMain.run(index, generation, resolver, log, handOuts, home: home)
            }.detach()
        }
    }

    fileprivate func workerStarted(_ mailbox: Mailbox) { mailboxes.append(mailbox) }

    // MARK: Signals

    private func received(_ signal: ProcessSignal) {
        switch signal {
        case .hangUp: reload()
        case .terminate: drain(because: "SIGTERM")
        case .interrupt: drain(because: "SIGINT")
        case .userOne: break
        }
    }

    private func drain(because signal: String) {
        guard !isDraining else { end(0, cause: "second signal") }
        isDraining = true
        draining = mailboxes.count
        let limit = startup.configuration.timeouts.drain
        let workers = mailboxes.count
        let home = loop.mailbox
        logs.log.draining(signal: signal, limit: limit)
        for mailbox in mailboxes {
            mailbox.post { loop in
                guard let worker = loop.owner as? Worker else { return }
                let spread = DrainPlan.spread(sessions: worker.sessionCount * workers, limit: limit)
                worker.drain(over: spread) {
                    home.post { loop in (loop.owner as? ProxyServer)?.workerDrained() }
                }
            }
        }
        _ = loop.schedule(self, kind: 0, after: limit)
    }

    private func workerDrained() {
        draining -= 1
        if draining == 0 { end(0, cause: "drained") }
    }

    /// The drain's deadline.
    package func timerFired(_ kind: UInt8) { end(0, cause: "drain deadline") }

    private func end(_ status: Int32, cause: String) -> Never {
        logs.log.stopped(cause: cause)
        logs.flush()
        Machine.exit(status)
    }

    // MARK: Reload

    /// A new configuration is taken whole or not at all. Listeners' addresses stay as they were at the start.
    private func reload() {
        do throws(Diagnostics) {
            let next = try Startup(file: file, registry: startup.generation.registry)
            let generation = next.generation
            let contexts = next.listeners
            for mailbox in mailboxes {
                mailbox.post { loop in (loop.owner as? Worker)?.adopt(generation, listeners: contexts) }
            }
            logs.log.reloaded()
        } catch {
            logs.log.reloadFailed(error.list.map(\.description))
        }
    }
}

/// What a worker's thread does.
private enum WorkerMain {
    static func run(
        _ index: Int, _ generation: Generation, _ resolver: Resolver, _ log: EventLog,
        _ handOuts: [ListenerHandOut],
        home: Mailbox
    ) {
        do {
            let loop = try EventLoop()
            let worker = try Worker(
                index: index, generation: generation, resolver: resolver, log: log, loop: loop)
            for handOut in handOuts {
                if let bound = handOut.take(index) { worker.listen(bound, facts: handOut.facts) }
            }
            let mailbox = loop.mailbox
            home.post { loop in (loop.owner as? ProxyServer)?.workerStarted(mailbox) }
            loop.run()
        } catch {
            log.acceptFailed(listener: "worker \(index)", "\(error)")
            Machine.exit(1)
        }
    }
}
