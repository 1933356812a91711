internal import Configuration
internal import EventLoop

/// What became of a reload.
package enum OnReload: Sendable, Equatable {
    /// Taken; the warnings stop nothing.
    case reloaded(warnings: [String])
    /// Nothing has changed, for these reasons.
    case refused(complaints: [String])
}

// A new configuration is taken whole or not at all: everything that can fail has been done before a worker hears of it.
extension ProxyServer {
    /// Reads the file and all that it names again, and changes to it.
    package func reload() -> OnReload {
        guard !ending.isUnderWay, handOver == nil else {
            return refuse(["the process is about to end, or to hand over to another"])
        }
        notify(["RELOADING=1", "MONOTONIC_USEC=\(loop.now / 1000)"])
        defer { notify(["READY=1"]) }
        do throws(Diagnostics) {
            let next = try Startup(file: file, tickets: current.tickets, shelf: current.shelf)
            let added = try next.bind(workers: mailboxes.count, beside: listeners)
            let warnings = next.warnings.map(\.description) + needsRestart(next.configuration)
            adopt(next, added)
            generationNumber += 1
            for warning in warnings { logs.log.tell(.warned(warning)) }
            logs.log.tell(.reloaded)
            notify(["STATUS=serving configuration \(generationNumber)"])
            return .reloaded(warnings: warnings)
        } catch {
            return refuse(error.list.filter { !$0.isWarning }.map(\.description))
        }
    }

    private func refuse(_ complaints: [String]) -> OnReload {
        logs.log.tell(.reloadFailed(complaints))
        // One line: the manager shows it in the status of the service.
        notify(["STATUS=configuration not reloaded, the old one stays: \(complaints.joined(separator: "; "))"]
        )
        return .refused(complaints: complaints)
    }

    private func adopt(_ next: Startup, _ added: [ListenerHandOut]) {
        let names = Set(next.listeners.map(\.name))
        let isKeptElsewhere = next.revocations?.path != current.revocations?.path
        current = next
        if isKeptElsewhere {
            takeRevocations()
            keepRevocations()
            let list = revocations
            onWorkers { _ = $0.adopt(list) }
        }
        listeners = listeners.filter { names.contains($0.facts.name) } + added
        let generation = next.generation(in: state)
        state.prune(keeping: next.configuration.routes)
        let adoption = Adoption(generation: generation, facts: next.listeners, added: added)
        onWorkers { $0.adopt(adoption) }
        rotateTickets()
        keepCertificates()
        watchFiles()
    }

    /// Reads the files that the configuration names again, and serves what they hold from now on. One that is of no use
    /// changes nothing.
    func refresh(because cause: String) {
        guard !ending.isUnderWay, handOver == nil else { return }
        do throws(Diagnostics) {
            var refused: [Diagnostic] = []
            let next = try Startup(refreshing: current, refused: &refused)
            adopt(next, [])
            logs.log.tell(.refreshed(cause, refused: refused.map(\.description)))
        } catch {
            logs.log.tell(.refreshed(cause, refused: error.list.filter { !$0.isWarning }.map(\.description)))
        }
    }

    /// What the new configuration asks for and only a new process can give.
    private func needsRestart(_ next: ProxyConfiguration) -> [String] {
        let now = began
        var keys: [String] = []
        if (next.workers ?? Machine.usableProcessors) != mailboxes.count { keys.append("workers") }
        if next.admin?.address.value != now.admin?.address.value { keys.append("admin") }
        if next.log != now.log { keys.append("log") }
        if next.compression.memoryBudget != now.compression.memoryBudget {
            keys.append("compression.memory_budget")
        }
        return keys.map { "a change of '\($0)' needs a new process (SIGUSR2, or a restart)" }
    }
}
