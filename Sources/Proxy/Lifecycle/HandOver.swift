internal import Access
internal import Configuration
internal import Durations
internal import EventLoop
internal import HandedBytes

/// A new process that has been started and does not serve yet.
struct HandOver {
    let successor: Successor
    /// What it is to know, kept until it serves or has failed.
    let left: HandedMemory?
    let deadline: TimerToken
}

// Another process takes over: it is started with our listening sockets and accepts from the same queues, so that no
// connection is refused. When it serves, this one stops accepting and closes its sessions, at once or when they
// have had time to end; should it fail, this one goes
// on as if nothing had been.
extension ProxyServer {
    /// How long the new process may take to serve.
    private static let handOverTime = Duration.seconds(30).nanoseconds

    /// Starts the program again, with the arguments that this process was started with.
    func startHandOver() {
        guard !ending.isUnderWay else {
            return logs.log.tell(.handOverFailed("this process is ending already"))
        }
        guard ProcessFacts.processNumber != 1 else {
            return logs.log.tell(
                .handOverFailed(
                    "this is process 1, with which its container ends: start a new container instead"))
        }
        guard handOver == nil else {
            return logs.log.tell(.handOverFailed("another one is starting already"))
        }
        do throws(SystemError) {
            let left = leaveState()
            let successor = try startSuccessor(left)
            handOver = HandOver(
                successor: successor, left: left,
                deadline: loop.schedule(
                    self, kind: Timer.handOverDeadline.rawValue, after: Self.handOverTime))
            logs.log.tell(.handOverBegan(process: successor.number))
        } catch {
            logs.log.tell(.handOverFailed("cannot start '\(Self.program)': \(error.reason)"))
        }
    }

    /// The path we were started by: where a new version of the program is put, too.
    private static var program: String { Machine.program ?? Machine.arguments.first ?? "" }

    private func startSuccessor(_ left: HandedMemory?) throws(SystemError) -> Successor {
        // A supervisor finds the new process where the old one was.
        let sockets = listeners + (admin.map { [$0.handOut] } ?? [])
        var environment = self.environment
        for name in InheritedSockets.variables { environment[name] = nil }
        environment[InheritedSockets.socketsVariable] = InheritedSockets.variable(sockets)
        var descriptors = sockets.flatMap(\.descriptors)
        if let number = left?.number {
            environment[InheritedSockets.stateVariable] = String(number)
            descriptors += [number] + lines.shared + state.family.elders.map(\.line.number)
        }
        return try Successor(
            program: Self.program, arguments: Machine.arguments, environment: environment,
            descriptors: descriptors, readyVariable: InheritedSockets.readyVariable, on: loop
        ) { [unowned self] in successorTold($0) }
    }

    /// Without it the successor serves all the same: clients make full handshakes, and what was drained isn't any more.
    private func leaveState() -> HandedMemory? {
        let (routes, upstreams) = state.drained
        var handed = HandedState(
            tickets: current.tickets.handed, routes: routes, upstreams: upstreams,
            revocations: revocations.all, tokenLife: state.tokenLives.longest)
        do throws(SystemError) {
            handed.family = try leaveFamily()
        } catch {
            logs.log.tell(.stateLost("sessions stay out of reach: \(error)"))
        }
        return leave(handed)
    }

    /// Writes a state into memory for another process.
    func leave(_ handed: HandedState) -> HandedMemory? {
        var isWhole = false
        do throws(SystemError) {
            let memory = try HandedMemory(capacity: HandedState.most) { isWhole = handed.write(to: &$0) }
            if isWhole { return memory }
            logs.log.tell(.stateLost("it is larger than \(HandedState.most) bytes"))
        } catch {
            logs.log.tell(.stateLost(error.description))
        }
        return nil
    }

    /// Goes on with what the process before this one knew. Nothing that is wrong with it stops us.
    func takeState(_ inherited: InheritedSockets) {
        guard let name = inherited.state else { return }
        do {
            guard let number = Int32(name), number > 2 else { throw HandedStateError.noNumber }
            let handed = try InheritedMemory(number, most: HandedState.most)
                .read { bytes throws(HandedStateError) in try HandedState(reading: bytes) }
            let listeners = current.tickets.take(handed.tickets, at: loop.now)
            let drained = state.takeDrained(routes: handed.routes, upstreams: handed.upstreams)
            take(handed.revocations)
            state.tokenLives.note(handed.tokenLife)
            if let family = handed.family { take(family) }
            logs.log.tell(.stateTaken(listeners: listeners, drained: drained))
        } catch {
            logs.log.tell(.stateLost("\(error)"))
        }
    }

    private func successorTold(_ outcome: OnSuccessor) {
        guard let handOver else { return }
        loop.cancel(handOver.deadline)
        self.handOver = nil
        switch outcome {
        case .ready:
            logs.log.tell(.handOverDone(process: handOver.successor.number))
            ending.succeeded()
            admin?.retire()
            leaveLines()
            notify(["MAINPID=\(handOver.successor.number)"])
            // An end that was ordered meanwhile goes on: nobody lingers.
            guard !ending.isUnderWay else { return }
            let (linger, patience) = (current.configuration.linger, current.configuration.patience)
            guard patience > .zero else {
                return drainProcess(because: "a new process serves", cause: .successor)
            }
            retireProcess(linger: linger, resumable: patience)
        case .failed:
            logs.log.tell(.handOverFailed("it ended before it served; its complaints are on standard error"))
        }
    }

    func handOverTookTooLong() {
        logs.log.tell(.handOverFailed("it does not serve after 30 s and is ended"))
        handOver?.successor.abort()
    }
}
