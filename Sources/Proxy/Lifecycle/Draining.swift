internal import Configuration
internal import EventLoop

/// What became of an order to drain.
package enum OnDrainOrder: Sendable, Equatable {
    case draining
    /// The configuration has nothing of that name; these are the names there are.
    case unknown(known: [String])
    /// Another process is about to take over, and has been told already what is drained.
    case handingOver
}

// Ending sessions politely: of the whole process, or of what an operator names.
extension ProxyServer {
    /// Another process accepts: this one goes on with its sessions until they end, or until `linger` is over; with those that
    /// clients can come back to until `patience` is over.
    func retireProcess(linger: Duration, resumable patience: Duration) {
        ending.lingers(workers: mailboxes.count)
        logs.log.tell(.lingering(patience))
        let home = loop.mailbox
        onWorkers { worker in
            worker.retire { home.post { loop in (loop.owner as? ProxyServer)?.workerDrained() } }
        }
        _ = loop.schedule(self, kind: Timer.resumableEnd.rawValue, after: patience)
        if linger == .zero { return drainOthers() }
        if linger < patience { _ = loop.schedule(self, kind: Timer.lingerEnd.rawValue, after: linger) }
    }

    /// Closes what nobody could come back to.
    private func drainOthers() {
        let limit = current.configuration.timeouts.drain
        let workers = mailboxes.count
        logs.log.tell(.draining(signal: "a new process serves", limit: limit))
        onWorkers { worker in
            worker.drainOthers(over: DrainPlan.spread(sessions: worker.sessionCount * workers, limit: limit))
        }
    }

    func lingerEnded() {
        if ending.isLingering { drainOthers() }
    }

    func resumableEnded() {
        if ending.isLingering { drainProcess(because: "time to linger is over", cause: .successor) }
    }

    /// A signal wants an end. The first begins a drain, unless there is one; a second that `insists` ends at once.
    func endOrdered(by signal: String, insists: Bool) {
        if ending.ordered(insists: insists) { end(0, cause: "second signal") }
        drainProcess(because: signal)
    }

    /// Stops accepting, closes all sessions and ends; nothing where that is under way.
    func drainProcess(because signal: String, cause: DrainCause = .process) {
        let decision = ending.drains(workers: mailboxes.count)
        guard decision != .ignored else { return }
        let isCounted = decision == .followsLinger
        let limit = current.configuration.timeouts.drain
        let workers = mailboxes.count
        let home = loop.mailbox
        logs.log.tell(.draining(signal: signal, limit: limit))
        // To the manager a process that hands over is not stopping: its service goes on.
        if cause == .process, !isCounted { notify(["STOPPING=1"]) }
        onWorkers { worker in
            let spread = DrainPlan.spread(sessions: worker.sessionCount * workers, limit: limit)
            let done: () -> Void = { home.post { loop in (loop.owner as? ProxyServer)?.workerDrained() } }
            worker.drain(over: spread, because: cause, done: isCounted ? nil : done)
        }
        _ = loop.schedule(self, kind: Timer.drainDeadline.rawValue, after: limit)
    }

    private func workerDrained() {
        guard ending.workerDrained() else { return }
        guard let admin else { end(0, cause: "drained") }
        admin.whenAnswered { [unowned self] in end(0, cause: "drained") }
    }

    /// Closes the sessions of what is named, so many a second over all workers, and lets nothing new begin on it until
    /// it is undrained. An order for what is draining already replaces the earlier one.
    package func drain(_ selection: DrainSelection, rate: Int) -> OnDrainOrder {
        guard handOver == nil else { return .handingOver }
        guard setDrained(true, selection) else { return .unknown(known: knownNames(like: selection)) }
        logs.log.tell(.drainOrdered(selection.description, rate: rate))
        let order = DrainOrder(selection, addresses: addresses(selection), rate: rate, now: loop.now)
        onWorkers { $0.drain(order) }
        return .draining
    }

    /// Lets sessions begin again; those that were to be closed and are still open stay.
    package func undrain(_ selection: DrainSelection) -> OnDrainOrder {
        guard handOver == nil else { return .handingOver }
        guard setDrained(false, selection) else { return .unknown(known: knownNames(like: selection)) }
        logs.log.tell(.undrained(selection.description))
        onWorkers { $0.undrain(selection) }
        return .draining
    }

    private func setDrained(_ isDrained: Bool, _ selection: DrainSelection) -> Bool {
        switch selection {
        case .route(let name):
            guard current.configuration.routes.contains(where: { $0.name == name }) else { return false }
            state.occupancy(route: name).isDrained = isDrained
            return true
        case .upstream(let name):
            guard let upstream = state.backends.all.first(where: { $0.name == name }) else { return false }
            return !upstream.setDrained(isDrained).isEmpty
        case .backend(let address, let upstream):
            return !state.backends.setDraining(isDrained, backend: address, upstream: upstream).isEmpty
        }
    }

    private func addresses(_ selection: DrainSelection) -> Set<String> {
        guard case .backend(let name, _) = selection else { return [] }
        let backends = state.backends.all.flatMap(\.backends)
        return Set(backends.filter { $0.name == name || $0.origin == name }.map(\.name))
    }

    private func knownNames(like selection: DrainSelection) -> [String] {
        switch selection {
        case .route: current.configuration.routes.map(\.name)
        case .upstream: current.configuration.upstreams.keys.sorted()
        case .backend:
            Set(state.backends.all.flatMap { $0.backends.map(\.name) }).sorted()
        }
    }
}
