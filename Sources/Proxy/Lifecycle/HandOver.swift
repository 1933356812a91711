internal import EventLoop

/// A new process that has been started and does not serve yet.
struct HandOver {
    let successor: Successor
    let deadline: TimerToken
}

// Another process takes over: it is started with our listening sockets and accepts from the same queues, so that no
// connection is refused. When it serves, this one stops accepting and closes its sessions; should it fail, this one goes
// on as if nothing had been.
extension ProxyServer {
    /// How long the new process may take to serve.
    private static let handOverTime: UInt64 = 30_000_000_000

    /// Starts the program again, with the arguments that this process was started with.
    func startHandOver() {
        guard undrainedWorkers == nil else {
            return logs.log.handOverFailed("this process is ending already")
        }
        guard ProcessFacts.processNumber != 1 else {
            return logs.log.handOverFailed(
                "this is process 1, with which its container ends: start a new container instead")
        }
        guard handOver == nil else { return logs.log.handOverFailed("another one is starting already") }
        // Whoever watches finds the new process where the old one was.
        let sockets = listeners + (admin.map { [$0.handOut] } ?? [])
        var environment = self.environment
        for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", InheritedSockets.readyVariable] {
            environment[name] = nil
        }
        environment[InheritedSockets.socketsVariable] = InheritedSockets.variable(sockets)
        do throws(SystemError) {
            let successor = try Successor(
                arguments: Machine.arguments, environment: environment,
                descriptors: sockets.flatMap(\.descriptors),
                readyVariable: InheritedSockets.readyVariable, on: loop
            ) { [unowned self] in successorTold($0) }
            handOver = HandOver(
                successor: successor,
                deadline: loop.schedule(
                    self, kind: Timer.handOverDeadline.rawValue, after: Self.handOverTime))
            logs.log.handOverBegan(process: successor.number)
        } catch {
            logs.log.handOverFailed("cannot start '\(Machine.arguments.first ?? "")': \(error.reason)")
        }
    }

    private func successorTold(_ outcome: OnSuccessor) {
        guard let handOver else { return }
        loop.cancel(handOver.deadline)
        self.handOver = nil
        switch outcome {
        case .ready:
            logs.log.handOverDone(process: handOver.successor.number)
            admin?.close()
            notify(["MAINPID=\(handOver.successor.number)"])
            drainProcess(because: "a new process serves", cause: .successor)
        case .failed(let status):
            let how = status.map { "it ended with \($0)" } ?? "it ended"
            logs.log.handOverFailed("\(how) before it served; its complaints are on standard error")
        }
    }

    func handOverTookTooLong() {
        logs.log.handOverFailed("it does not serve after 30 s and is ended")
        handOver?.successor.kill()
    }
}
