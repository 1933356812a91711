internal import Configuration
internal import Durations
internal import EventLoop
internal import TLS
internal import Telemetry

// What the process does now, for people and scripts. Counts of sessions are the process's own, the rest is what the
// workers said a moment ago.
extension ProxyServer {
    /// - Parameters:
    ///   - elders: what processes that linger say of themselves.
    ///   - silent: numbers of those that did not answer.
    func status(_ workers: [MetricSet], elders: [FamilyAnswer] = [], silent: [Int] = []) -> JSONValue {
        var all = MetricSet()
        for set in workers { all.merge(set) }
        let uptime = max(0, ProcessFacts.wallClock() - startedAt)
        let page: [(String, JSONValue)] = [
            ("version", .string(Versions.trunkline)),
            ("process", .integer(Int(ProcessFacts.processNumber))),
            ("state", .string(stateWord)),
            ("uptime_seconds", .integer(Int(uptime))),
            (
                "configuration",
                .object([("file", .string(file)), ("generation", .integer(generationNumber))])
            ),
            ("sessions", .integer(Int(all.sum(.sessions)))),
            ("client_connections", .integer(Int(all.sum(.clientConnections)))),
            ("workers", .array(workers.enumerated().map { worker($0.offset, $0.element) })),
            ("listeners", .array(listeners.map(listener))),
            ("certificates", .array(certificates)),
            ("acme", acmeStatus),
            ("routes", .array(current.configuration.routes.map { route($0, all) })),
            ("upstreams", .array(state.backends.all.compactMap { upstream($0, all) })),
            (
                "memory",
                .object([
                    ("held_bytes", .integer(max(state.memory.held, 0))),
                    ("limit_bytes", .integer(state.memory.limit)),
                    ("cuts", .integer(Int(all.sum(.memoryCuts)))),
                ])
            ),
            (
                "compression",
                .object([
                    ("memory_bytes", .integer(Int(all.sum(.compressionMemory)))),
                    ("memory_budget_bytes", .integer(current.configuration.compression.memoryBudget)),
                ])
            ),
        ]
        return .object(page + Self.lingering(elders, silent))
    }

    /// Processes before this one whose sessions go on.
    private static func lingering(_ elders: [FamilyAnswer], _ silent: [Int]) -> [(String, JSONValue)] {
        guard !elders.isEmpty || !silent.isEmpty else { return [] }
        let pages = elders.map { JSONValue.written($0.text) }
        let others = silent.map { process -> JSONValue in
            .object([("process", .integer(process)), ("state", "silent")])
        }
        return [("lingering", .array(pages + others))]
    }

    private var stateWord: String {
        if ending.isLingering { return "lingering" }
        return isReady ? "serving" : isServing ? "draining" : "starting"
    }

    private func worker(_ index: Int, _ counts: MetricSet) -> JSONValue {
        .object([
            ("worker", .integer(index)),
            ("sessions", .integer(Int(counts.sum(.sessions)))),
            ("client_connections", .integer(Int(counts.sum(.clientConnections)))),
            ("loop_lag_seconds", .number(counts.sum(.loopLagNow))),
        ])
    }

    private func listener(_ listener: ListenerHandOut) -> JSONValue {
        // A reload changes what is known of it, not its socket.
        let tls = current.listeners.first { $0.name == listener.facts.name }?.tls
        return .object([
            ("address", .string(listener.address.description)), ("tls", .flag(tls != nil)),
        ])
    }

    private var certificates: [JSONValue] {
        current.listeners.flatMap { listener in
            (listener.tls?.certificates ?? []).map { certificate($0, of: listener.name) }
        }
    }

    private func certificate(_ certificate: Certificate, of listener: String) -> JSONValue {
        let left = certificate.untilExpiry
        return .object([
            ("listener", .string(listener)), ("name", .string(certificate.name)),
            ("subject", .string(certificate.subject)),
            ("issuer", .string(certificate.issuer)),
            ("expires", .string(WallTime.text(after: left))),
            ("expires_in_seconds", .integer(left.wholeSeconds)), ("key_fits", .flag(certificate.keyFits)),
        ])
    }

    private func route(_ route: RouteConfiguration, _ all: MetricSet) -> JSONValue {
        let occupancy = state.occupancy(route: route.name)
        var upstream: String?
        if case .upstream(let name) = route.action { upstream = name }
        return .object([
            ("name", .string(route.name)), ("upstream", .optional(upstream)),
            ("sessions", .integer(Int(all.sum(.sessions) { $0.first == route.name }))),
            ("occupied", .integer(occupancy.count)), ("draining", .flag(occupancy.isDrained)),
        ])
    }

    private func upstream(_ upstream: UpstreamState, _ all: MetricSet) -> JSONValue? {
        let backends = upstream.backends
        let isConfigured = current.configuration.upstreams[upstream.name] != nil
        guard isConfigured || !backends.isEmpty else { return nil }
        return .object([
            ("name", .string(upstream.name)), ("configured", .flag(isConfigured)),
            ("waiting", .integer(upstream.queue.waiting)),
            ("backends", .array(backends.map { backend($0, upstream.name, all) })),
        ])
    }

    private func backend(_ backend: BackendState, _ upstream: String, _ all: MetricSet) -> JSONValue {
        let standing = standing(of: backend, in: upstream)
        return .object([
            ("address", .string(backend.name)), ("origin", .string(backend.origin)),
            ("state", .string(standing.word.rawValue)), ("why", .string(standing.why)),
            ("share", .number(standing.share)), ("weight", .integer(backend.weight)),
            ("sessions", .integer(backend.sessions)), ("requests", .integer(backend.requests)),
            ("handshakes", .integer(backend.handshakes)), ("max_sessions", .integer(backend.maxSessions)),
            ("pool_idle", .integer(Int(all.sum(.poolIdle) { $0 == [backend.name] }))),
        ])
    }
}
