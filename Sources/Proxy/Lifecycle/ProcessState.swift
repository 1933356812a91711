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

    /// Forgets what no configuration names any more and nobody is on.
    func prune(keepingRoutes names: Set<String>) {
        routes.withLock { routes in
            routes = routes.filter { name, occupancy in names.contains(name) || occupancy.count > 0 }
        }
    }
}
