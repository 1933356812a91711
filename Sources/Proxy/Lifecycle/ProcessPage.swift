internal import Access
internal import Configuration
internal import Durations
internal import EventLoop
internal import PerMessageDeflate
internal import Routing
internal import TLS
internal import Telemetry

// What the process as a whole adds to the counts of its workers.
extension ProxyServer {
    func allMetrics(_ workers: [MetricSet]) -> MetricSet {
        var all = logs.log.metrics.snapshot
        for set in workers { all.merge(set) }
        all.set(.buildInfo, [Versions.trunkline, TLSLibrary.version, ZlibLibrary.version], to: 1)
        all.set(.workers, to: Double(workers.count))
        all.set(.generation, to: Double(generationNumber))
        all.set(.draining, to: ending.isUnderWay ? 1 : 0)
        all.set(.compressionBudget, to: Double(current.configuration.compression.memoryBudget))
        all.set(.revocations, to: Double(revocations.count))
        all.set(.countedKeys, to: Double(state.countedKeys))
        all.set(.heldMemory, to: Double(max(state.memory.held, 0)))
        all.set(.memoryLimit, to: Double(state.memory.limit))
        for (name, lines) in logs.lostLines { all.add(.logLinesLost, [name], by: lines) }
        addCertificates(to: &all)
        addAcme(to: &all)
        addBackends(to: &all)
        addProcess(to: &all)
        return all
    }

    /// As many rows of it as may be shown, the same ones each time.
    func shownMetrics(_ workers: [MetricSet]) -> MetricSet {
        let most = current.configuration.admin?.metricRows ?? 4096
        var (shown, leftOut) = shownSeries.choose(from: allMetrics(workers), most: most)
        for (metric, rows) in leftOut { shown.set(.leftOutRows, [metric.name], to: Double(rows)) }
        return shown
    }

    /// The first that expires, where several of a listener have one name.
    private func addCertificates(to all: inout MetricSet) {
        for listener in current.listeners {
            let certificates = Dictionary(grouping: listener.tls?.certificates ?? [], by: \.name)
            for (name, same) in certificates {
                guard let end = same.map(\.untilExpiry).min() else { continue }
                all.set(
                    .certificateExpiry, [listener.name, name],
                    to: (ProcessFacts.wallClock() + end.inSeconds).rounded())
            }
        }
    }

    private func addBackends(to all: inout MetricSet) {
        for upstream in state.backends.all {
            all.set(.upstreamWaiting, [upstream.name], to: Double(upstream.queue.waiting))
            for backend in upstream.backends {
                let labels = [upstream.name, backend.name]
                let standing = standing(of: backend, in: upstream.name)
                all.set(.backendUp, labels, to: standing.share > 0 ? 1 : 0)
                if standing.share == 0 {
                    let why = String(standing.why.prefix(120))
                    all.set(.backendOut, labels + [standing.word.rawValue, why], to: 1)
                }
                all.set(.backendHandshakes, labels, to: Double(backend.handshakes))
            }
        }
    }

    func standing(of backend: BackendState, in upstream: String) -> BackendStanding {
        let slowStart = current.configuration.upstreams[upstream]?.policy.rules.slowStart ?? .zero
        return backend.standing(at: EventLoop.clock, slowStart: slowStart)
    }

    private func addProcess(to all: inout MetricSet) {
        let facts = ProcessFacts.now()
        all.add(.processorTime, number: Double(facts.processorTime) / 1_000_000_000)
        all.set(.residentMemory, to: Double(facts.residentBytes))
        all.set(.openDescriptors, to: Double(facts.openDescriptors))
        all.set(.mostDescriptors, to: Double(facts.mostDescriptors))
        all.set(.startTime, to: startedAt)
        all.set(.sockets, ["client"], to: Double(state.sockets.clients))
        all.set(.sockets, ["backend"], to: Double(state.sockets.backends))
        let limits = state.sockets.limits
        all.set(.socketLimit, ["client"], to: Double(limits.clients))
        all.set(.socketLimit, ["all"], to: Double(limits.all))
    }
}
