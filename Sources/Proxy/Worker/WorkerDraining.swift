internal import Configuration
internal import EventLoop

// Which sessions of a worker are closed before their time, and when.
extension Worker {
    func drainWithProcess(_ session: LiveSession) {
        let left = drainEnd > loop.now ? drainEnd - loop.now : 0
        session.drainSoon(
            after: UInt64.random(in: 0...max(left, 1), using: &loop.random), because: drainCause)
    }

    /// Whether this process ends sooner than it may. One that lingers leaves its sessions alone, or those that clients can
    /// come back to.
    private func closesWithProcess(_ session: LiveSession) -> Bool {
        isDraining && (!isLingering || keepsResumable && !session.isResumable)
    }

    /// Closes what an operator named, at the rate that all workers share.
    func drain(_ order: DrainOrder) {
        orders.removeAll { $0.selection == order.selection }
        orders.append(order)
        for session in sessions where covers(order, session) { drain(session, by: order) }
        feeds.leaveDrainedBackends()
    }

    func undrain(_ selection: DrainSelection) {
        guard let order = orders.first(where: { $0.selection == selection }) else { return }
        orders.removeAll { $0 === order }
        for session in sessions where covers(order, session) {
            if !closesWithProcess(session), !orders.contains(where: { covers($0, session) }) {
                session.keep()
            }
        }
    }

    private func covers(_ order: DrainOrder, _ session: LiveSession) -> Bool {
        order.covers(
            route: session.route.name, upstream: session.upstreamName, backend: session.backendName)
    }

    private func drain(_ session: LiveSession, by order: DrainOrder) {
        session.drainSoon(after: order.delay(at: loop.now, jitter: loop.random.next()), because: order.cause)
    }

    /// A session whose handshake was under way when the drain was ordered.
    func drainIfOrdered(_ session: LiveSession) {
        if closesWithProcess(session) { return drainWithProcess(session) }
        guard !orders.isEmpty, let order = orders.first(where: { covers($0, session) }) else { return }
        drain(session, by: order)
    }

    /// Sessions whose route or backend the configuration no longer has.
    func drainStrays() {
        var strays: [(LiveSession, DrainCause)] = []
        let served = servedBackends()
        for session in sessions {
            if !generation.hasRoute(session.route.name) {
                strays.append((session, .routeGone))
            } else if !isServed(session, served) {
                strays.append((session, .backendGone))
            } else if session.isStray {
                // It is back before its time came.
                session.keep()
            }
        }
        let configuration = generation.configuration
        let workers = configuration.workers ?? Machine.usableProcessors
        let spread = DrainPlan.spread(
            sessions: strays.count * workers, limit: configuration.timeouts.drain)
        for (session, cause) in strays where !session.isStray {
            session.drainSoon(
                after: UInt64.random(in: 0...max(spread, 1), using: &loop.random), because: cause)
        }
    }

    private func isServed(_ session: LiveSession, _ served: [String: Set<String>]) -> Bool {
        guard let backends = served[session.upstreamName] else { return false }
        // One that any backend may serve needs no particular one.
        guard let name = session.backendName else { return true }
        return backends.contains(name)
    }

    /// The addresses of the backends that the configuration still names, by upstream.
    private func servedBackends() -> [String: Set<String>] {
        var served: [String: Set<String>] = [:]
        for upstream in generation.registry.all where generation.upstreams[upstream.name] != nil {
            served[upstream.name] = Set(upstream.backends.filter(\.isConfigured).map(\.name))
        }
        return served
    }
}
