internal import Access
internal import Configuration
internal import EventLoop
internal import Synchronization

/// What outlives every configuration of the process: each is looked up by name when a `Generation` is made, so that a
/// reload finds what the one before it had.
final class ProcessState: Sendable {
    let backends = BackendRegistry()
    /// What is held for peers, on all workers.
    let memory = MemoryPool()
    /// Sockets of peers, on all workers.
    let sockets = SocketBudget()
    /// Connections of clients, by address.
    let clients = ClientConnections()
    let strays = StrayClients()
    let passwords = PasswordDesk()
    let tokenLives = TokenLives()
    let workers = WorkerDirectory()
    let family = ProcessFamily()
    private let keys = Mutex<[String: FetchedKeys]>([:])
    private let routes = Mutex<[String: RouteOccupancy]>([:])
    /// By route and key.
    private let keyed = Mutex<[String: [String: KeyedStore]]>([:])

    /// The occupancy of the route of this name.
    func occupancy(route name: String) -> RouteOccupancy {
        routes.withLock { routes in
            if let known = routes[name] { return known }
            let new = RouteOccupancy()
            routes[name] = new
            return new
        }
    }

    /// The keys that an upstream gives under a path.
    func keys(from upstream: String, path: String, _ options: KeyRefresh.Options) -> FetchedKeys {
        keys.withLock { keys in
            let name = upstream + " " + path
            if let known = keys[name] {
                known.adopt(options)
                return known
            }
            let new = FetchedKeys(upstream: upstream, path: path, options: options)
            keys[name] = new
            return new
        }
    }

    /// One entry of a route's `limits.per`, with its new numbers.
    func keyed(route name: String, _ limit: KeyedLimitConfiguration) -> KeyedRule {
        let key = limit.source.text
        let store = keyed.withLock { keyed in
            if let known = keyed[name]?[key] { return known }
            let new = KeyedStore(key)
            keyed[name, default: [:]][key] = new
            return new
        }
        store.adopt(KeyedNumbers(limit))
        return KeyedRule(source: limit.source, missing: limit.missing, store: store)
    }

    /// Keys that something is counted for.
    var countedKeys: Int { keyed.withLock { $0.values.reduce(0) { $1.values.reduce($0) { $0 + $1.count } } } }

    /// Forgets what no configuration names any more and nobody is on.
    func prune(keeping configured: [RouteConfiguration]) {
        let limits = Dictionary(
            configured.map { ($0.name, Set($0.limits.keyed.map(\.source.text))) }, uniquingKeysWith: { $1 })
        keyed.withLock { keyed in
            for (route, stores) in keyed {
                let kept = stores.filter { limits[route]?.contains($0.key) == true }
                // Sessions that count by one that is gone are limited by it no more.
                for (key, store) in stores where kept[key] == nil { store.adopt(KeyedNumbers()) }
                keyed[route] = kept.isEmpty ? nil : kept
            }
        }
        let names = Set(configured.map(\.name))
        routes.withLock { routes in
            routes = routes.filter { name, occupancy in names.contains(name) || occupancy.count > 0 }
        }
    }

    /// What operators have drained: the names of routes, and by upstream what of it.
    var drained: (routes: [String], upstreams: [String: DrainMarks]) {
        var upstreams: [String: DrainMarks] = [:]
        for upstream in backends.all where !upstream.drained.isEmpty {
            upstreams[upstream.name] = upstream.drained
        }
        return (routes.withLock { $0.filter(\.value.isDrained).keys.sorted() }, upstreams)
    }

    /// Goes on with what was drained in the process before this one, as far as the configuration still has it. Call it
    /// before anything is served. Returns how many routes and upstreams that are.
    func takeDrained(routes names: [String], upstreams: [String: DrainMarks]) -> Int {
        let drained = routes.withLock { routes in names.compactMap { routes[$0] } }
        for occupancy in drained { occupancy.isDrained = true }
        let known = backends.all.filter { upstreams[$0.name] != nil }
        for upstream in known { upstreams[upstream.name].map { upstream.takeDrained($0) } }
        return drained.count + known.count
    }
}
