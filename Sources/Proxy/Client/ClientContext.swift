internal import Access
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing
internal import TLS

/// What clients need of the loop that they live on.
class ClientContext: SessionContext {
    final var generation: Generation {
        didSet {
            routes = generation.table()
            take(generation)
        }
    }
    /// The generation's, with patterns of this worker's own.
    private(set) final var routes: RouteTable
    private(set) final var clients: [any LiveClient] = []
    private(set) final lazy var feeds = FeedHub(worker: self)
    /// Connections that are no clients yet.
    final var arrivals = 0 {
        didSet { if arrivals == 0 { checkEmpty() } }
    }

    init(index: Int, generation: Generation, resolver: Resolver, log: LogSinks, loop: EventLoop)
        throws(TLSError)
    {
        self.generation = generation
        routes = generation.table()
        try super.init(
            index: index, configuration: generation.configuration, passwords: generation.passwords,
            tokenLives: generation.tokenLives, tokenSeal: generation.family.tokenSeal, resolver: resolver,
            log: log, loop: loop)
        take(generation)
    }

    private func take(_ generation: Generation) {
        configuration = generation.configuration
        passwords = generation.passwords
        fetchedKeys = generation.fetchedKeys
        tokenSeal = generation.family.tokenSeal
        log.masks.names = generation.maskedParameters
    }

    final func admit(_ client: any LiveClient) {
        client.position = clients.count
        clients.append(client)
        client.start()
    }

    final func forget(_ client: any LiveClient) {
        let position = client.position
        guard position >= 0, position < clients.count else { return }
        client.position = -1
        let last = clients.removeLast()
        if last !== client {
            clients[position] = last
            last.position = position
        }
        checkEmpty()
    }

    /// Asks an upstream for the WebSocket of a plan, in the way of its mode. `done` may be called at once.
    final func open(_ plan: UpgradePlan, done: @escaping (OnSubscribe) -> Void) -> (any PendingUpgrade)? {
        guard let upstream = upstream(plan.upstream) else {
            done(.answered(.failed(Fault(.noBackend), of: nil)))
            return nil
        }
        if upstream.settings.configuration.mode == .broadcast {
            return feeds.join(plan, upstream.settings.configuration.broadcast, done: done)
        }
        return UpgradeAttempt(plan, upstream: upstream, worker: self) { done(.answered($0)) }
    }

    /// What a client is told that can't be served; when it is worth coming again, then not all at once.
    final func refusal(_ fault: Fault) -> Refusal {
        var fields = fault.fields
        if fault.status == 503 {
            fields.append(.init("Retry-After", String(Int.random(in: 1...10, using: &loop.random))))
        }
        return Refusal(status: fault.status, text: fault.clientText, fields: fields)
    }
}
