internal import Access
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
    let passwords = PasswordDesk()
    let tokenLives = TokenLives()
    private let keys = Mutex<[String: FetchedKeys]>([:])
    private let routes = Mutex<[String: RouteOccupancy]>([:])

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

    /// Forgets what no configuration names any more and nobody is on.
    func prune(keepingRoutes names: Set<String>) {
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
